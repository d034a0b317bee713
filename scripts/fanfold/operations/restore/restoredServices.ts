/** The services whose tables can be brought back, in that order. Here without the code that does it, which loads AWS clients. */
export const restoredServices = ['audit', 'payments', 'billing'] as const;

export type RestoredService = (typeof restoredServices)[number];
