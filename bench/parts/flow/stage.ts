/** All services, running somewhere, seen as a client of theirs and from their tables. */
export type Stage = {
  /** Takes a payment, and gives its id. */
  pay(merchantId: string, n: number): Promise<string>;
  /** When a payment's invoice, and the recording of that it was issued, are in the tables (`performance.now()`). */
  watch(merchantId: string, paymentId: string): { invoiced: Promise<number>; audited: Promise<number> };
  /** How many invoices billing has, and events audit. */
  count(): Promise<{ invoices: number; events: number }>;
  /** The process whose descendants do all of the work, and among them the one of fauxqs. */
  rootPid: number;
  emulatorsPid: number;
  stop(): Promise<void>;
};
