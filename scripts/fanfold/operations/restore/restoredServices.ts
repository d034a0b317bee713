/** The services whose tables can be brought back. Here without the code that does it, which loads AWS clients. */
export const restoredServices = ['billing'] as const;

export type RestoredService = (typeof restoredServices)[number];
