/** The services that can publish a day again, in the order in which it is done: billing's events follow from payments'. */
export const republishing = ['payments', 'billing'] as const;

export type RepublishingService = (typeof republishing)[number];
