import { randomBytes } from 'node:crypto';
import type { Answers, Asked, CreditNoteShown, InvoiceShown, PaymentFacts } from '@fanfold/console/api';
import { Refused, type ServedFile } from '@fanfold/console/server';
import { cloudOf } from '../aws/cloud.ts';
import type { StagePlace } from '../commandFor.ts';
import { fileOfDocument, paymentOf, paymentsAbout } from '../operations/payment.ts';

/** Of the files that were asked for, the last ones can be fetched. */
const maxFiles = 20;

/** Payments with their documents, and files of these for a page that shows them. */
export function paymentsOf(place: StagePlace) {
  const files = new Map<string, ServedFile>();

  /** Keeps a file for whoever has its address: what a browser loads into a frame is asked for without the token. */
  function keep(file: ServedFile): string {
    const key = randomBytes(24).toString('base64url');
    files.set(key, file);
    for (const old of [...files.keys()].slice(0, -maxFiles)) files.delete(old);
    return `/console/file/${key}`;
  }

  return {
    fileAt: (key: string): ServedFile | undefined => files.get(key),

    /** @throws CommandError when there is none */
    async show({ id }: Asked<'payment'>, merchantId: string): Promise<Answers['payment']> {
      const cloud = await cloudOf(place);
      const [paymentId, ...others] = await paymentsAbout(cloud, id, merchantId);
      if (paymentId === undefined) throw new Refused(`${id} had part in no payment.`, 404);
      const { payment, invoices, creditNotes, history } = await paymentOf(cloud, paymentId, merchantId);
      return {
        merchantId,
        others,
        payment: payment as unknown as PaymentFacts,
        invoices: invoices as unknown as InvoiceShown[],
        creditNotes: creditNotes as unknown as CreditNoteShown[],
        history: history.map(({ id, type, time, data, erased }) => ({
          id,
          type,
          time,
          data: Object(data) as Record<string, unknown>,
          isErased: erased === true,
        })),
      };
    },

    async file({ id, form }: Asked<'documentFile'>, merchantId: string): Promise<Answers['documentFile']> {
      const answer = await fileOfDocument(await cloudOf(place), id, merchantId, form);
      if (answer.file === null) {
        if (answer.code === 'pdf_not_ready') return { path: null };
        throw new Refused(answer.detail);
      }
      const { contentType, fileName, base64 } = answer.file;
      return { path: keep({ contentType, fileName, content: Buffer.from(base64, 'base64') }), fileName };
    },
  };
}
