import { eventsBy, type RecordedEvent } from '../aws/auditLog.ts';
import { type Cloud, invoke } from '../aws/cloud.ts';
import { CommandError } from '../errors.ts';
import { traceOf } from './trace.ts';

/** A payment, an invoice or a credit note as its API shows it. What else is in it is passed on. */
type Shown = { id: string } & Record<string, unknown>;

export type PaymentFile = {
  payment: Shown;
  /** The payment's own one, and those that reverse a credit note. */
  invoices: Shown[];
  creditNotes: Shown[];
  /** What was recorded of the payment itself, the oldest first. */
  history: RecordedEvent[];
};

/**
 * The payments that something had part in: itself, or those in the flow of an order, refund, document, event or request.
 *
 * @throws CommandError when nothing is recorded of it
 */
export async function paymentsAbout(cloud: Cloud, id: string, merchantId: string): Promise<string[]> {
  if (isPaymentId(id)) return [id];
  const { flows } = await traceOf(cloud, id, merchantId);
  const inFlow = (causes: (typeof flows)[number]['events']): RecordedEvent[] =>
    causes.flatMap(({ event, caused }) => [event, ...inFlow(caused)]);
  const ids = flows
    .flatMap(({ events }) => inFlow(events))
    .flatMap(({ subject, data }) => [subject, Object(data).paymentId])
    .filter((each): each is string => typeof each === 'string' && isPaymentId(each));
  return [...new Set(ids)];
}

const isPaymentId = (id: string): boolean => /^pay_[0-9a-f]{32}$/.test(id);

/**
 * All that the services know of a payment.
 *
 * @throws CommandError when the merchant has none with this id
 */
export async function paymentOf(cloud: Cloud, id: string, merchantId: string): Promise<PaymentFile> {
  const [{ payment }, documents, history] = await Promise.all([
    invoke(cloud, 'payments', 'showPayment', { merchantId, id }) as Promise<Pick<PaymentFile, 'payment'>>,
    invoke(cloud, 'billing', 'showDocuments', { show: 'documents', merchantId, paymentId: id }) as Promise<
      Pick<PaymentFile, 'invoices' | 'creditNotes'>
    >,
    eventsBy(cloud, merchantId, { subject: id }),
  ]);
  if (payment) return { payment, ...documents, history };
  throw new CommandError(
    `The merchant ${merchantId} has no payment ${id} in ${cloud.stage}. Check both ids.`,
  );
}

/** The form of a document, and of one that is XML the profile. */
export type Form = { show: 'pdf' } | { show: 'ubl' | 'cii'; profile: 'en16931' | 'peppol' | 'xrechnung' };

/** A file of an invoice or credit note; without it, why there is none, or none yet. */
export type DocumentFile =
  | { file: { contentType: string; fileName: string; base64: string } }
  | { file: null; code: string; detail: string };

export const fileOfDocument = (cloud: Cloud, id: string, merchantId: string, form: Form) =>
  invoke(cloud, 'billing', 'showDocuments', { merchantId, id, ...form }) as Promise<DocumentFile>;
