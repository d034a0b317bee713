/**
 * The first day of the tables' partitions. Athena looks into each day from it on when a query does not name days, and never
 * finds what is older, so such an event is not archived either.
 */
export const firstDay = '2020-01-01';
