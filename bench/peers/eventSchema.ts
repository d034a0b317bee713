import { creditNoteIssued, invoiceIssued } from '@fanfold/contracts/billing';
import { paymentCaptured, paymentRefunded } from '@fanfold/contracts/payments';
import { z } from 'zod';

const schemas = [paymentCaptured, paymentRefunded, invoiceIssued, creditNoteIssued].map(
  ({ schema }) => schema,
);

/** For other toolkits: what Fanfold checks events by, chosen by type as it does. */
export const eventSchema = z.discriminatedUnion('type', schemas as unknown as [z.ZodObject]);
