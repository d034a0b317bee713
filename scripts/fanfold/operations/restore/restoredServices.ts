/** The services whose tables can be brought back, in that order. Here without the code that does it, which loads AWS clients. */
export const restoredServices = ['audit', 'payments', 'billing'] as const;

export type RestoredService = (typeof restoredServices)[number];

/** Whose table it is, as a sentence says it. */
export const tableOf = (service: string): string => `${service}${service.endsWith('s') ? "'" : "'s"} table`;
