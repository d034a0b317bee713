import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import type { SellerVersion } from '@fanfold/contracts/seller';
import type { Standing } from '@fanfold/runtime/restore';
import { type Account, type Issued, newAccount, partsOf, type Reversed } from './books.ts';
import { type CreditNote, creditNoteFor, eventOfCreditNote, type Refunded } from './creditNote.ts';
import { filesFromEvent } from './files/issued.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Captured, eventOfInvoice, invoiceFor, invoiceIdOf, type Numbered } from './invoice.ts';
import { type Failed, reversalFor } from './reversal.ts';
import { seriesOfNumber } from './series.ts';

type InvoiceIssued = EventOfType<'invoice.issued.v1'>;
type CreditNoteIssued = EventOfType<'credit-note.issued.v1'>;

/**
 * A document as it was recorded. The event of its issue has its number and time, and the event that it was issued for has all
 * that stands on it: from both it is made again to the letter.
 */
export type RecordedDocument = { text: string } & (
  | { kind: 'invoice'; issued: InvoiceIssued; cause: Captured }
  | { kind: 'credit-note'; issued: CreditNoteIssued; cause: Refunded }
  | { kind: 'reversal'; issued: InvoiceIssued; cause: Failed }
);

/**
 * @param text the event of a document's issue
 * @param causeText the event that it was issued for
 * @throws z.ZodError when they are no such events; Error when they do not belong together
 */
export function readDocument(text: string, causeText: string): RecordedDocument {
  const [value, cause] = [JSON.parse(text), JSON.parse(causeText)];
  const document = documentOf(value, cause, text);
  const { issued } = document;
  if (issued.causationid === cause.id && issued.merchantid === cause.merchantid) return document;
  throw new Error(`${issued.id} was issued for ${issued.causationid}, and not for ${cause.id}`);
}

function documentOf(value: { type?: unknown }, cause: unknown, text: string): RecordedDocument {
  if (value.type !== 'invoice.issued.v1')
    return {
      kind: 'credit-note',
      text,
      issued: catalog['credit-note.issued.v1'].schema.parse(value),
      cause: catalog['payment.refunded.v1'].schema.parse(cause),
    };
  const issued = catalog['invoice.issued.v1'].schema.parse(value);
  return issued.data.reverses
    ? { kind: 'reversal', text, issued, cause: catalog['payment.refund-failed.v1'].schema.parse(cause) }
    : { kind: 'invoice', text, issued, cause: catalog['payment.captured.v1'].schema.parse(cause) };
}

/** The account that a document belongs to. */
export const accountOfDocument = ({ cause }: RecordedDocument): { merchantId: string; id: string } => ({
  merchantId: cause.merchantid,
  id: invoiceIdOf(cause.data.paymentId),
});

/** An account into which recorded documents are put, in any order. What it has stays as it is. */
export class RestoredAccount {
  account: Account;
  readonly newReversals: Reversed[] = [];
  /** Whether a document was put into it. */
  isChanged = false;
  readonly #creditNotes: Map<string, Issued>;
  readonly #reversals: Map<string, Reversed>;
  readonly #changedCreditNotes = new Map<string, boolean>();

  /** @param creditNotes and reversals: those of them that are stored */
  constructor(
    key: { merchantId: string; id: string },
    stored: Account | undefined,
    creditNotes: Issued[],
    reversals: Reversed[],
  ) {
    this.account = stored ?? newAccount(key.merchantId, key.id);
    this.#creditNotes = new Map(creditNotes.map((issued) => [issued.creditNote.id, issued]));
    this.#reversals = new Map(reversals.map((reversed) => [reversed.reversal.id, reversed]));
  }

  /** Those that were put into it, and those that say since then that they were reversed. */
  get changedCreditNotes(): (Issued & { isNew: boolean })[] {
    return [...this.#changedCreditNotes].map(([id, isNew]) => ({
      ...(this.#creditNotes.get(id) as Issued),
      isNew,
    }));
  }

  /**
   * Puts a document into the account, if it is missing.
   *
   * @returns how the account stands to it then; `early` for a document whose corrected one is missing
   */
  put(document: RecordedDocument): Standing {
    if (document.kind === 'invoice') return this.#putInvoice(document);
    return document.kind === 'credit-note' ? this.#putCreditNote(document) : this.#putReversal(document);
  }

  #putInvoice({ issued, cause, text }: Extract<RecordedDocument, { kind: 'invoice' }>): Standing {
    const { account } = this;
    // The totals are those on the customer's invoice, whatever becomes of the code that computes them.
    const invoice = account.invoice ?? {
      ...invoiceFor(cause, numberedOf(issued), sellerIn(issued), issued.data.isSimplified ?? false),
      totals: issued.data.totals,
      ...filesFromEvent(issued.data),
    };
    const standing = standingOf(eventOfInvoice(account.merchantId, invoice), text);
    if (standing.state === 'same' && !account.invoice) {
      // A capture that has its invoice does not wait for a seller any more.
      const { parkedCapture: _, ...free } = account;
      this.#change({ ...free, invoice, fingerprint: fingerprintOf(cause) });
    }
    return standing;
  }

  #putCreditNote({ issued, cause, text }: Extract<RecordedDocument, { kind: 'credit-note' }>): Standing {
    const { account } = this;
    const { merchantId, invoice } = account;
    if (!invoice) return { state: 'early' };
    const stored = this.#creditNotes.get(issued.subject);
    const creditNote = stored?.creditNote ?? {
      ...creditNoteFor(invoice, cause, numberedOf(issued)),
      totals: issued.data.totals,
      ...filesFromEvent(issued.data),
    };
    const standing = standingOf(eventOfCreditNote(merchantId, creditNote), text);
    if (standing.state !== 'same') return standing;
    if (!stored) this.#changeCreditNote({ merchantId, creditNote, fingerprint: fingerprintOf(cause) }, true);
    const { id, number } = creditNote;
    if (!account.creditNotes.some((credited) => credited.id === id)) {
      const { refund, amountRefunded } = cause.data;
      const entry = {
        ...{ id, number, refundId: refund.id, amount: refund.amount, amountRefunded },
        ...partsOf(invoice, cause),
      };
      this.#change({
        ...account,
        creditNotes: [...account.creditNotes, entry].sort((a, b) => (a.number < b.number ? -1 : 1)),
        parked: account.parked.filter(({ data }) => data.refund.id !== refund.id),
      });
    }
    return standing;
  }

  #putReversal({ issued, cause, text }: Extract<RecordedDocument, { kind: 'reversal' }>): Standing {
    const { account } = this;
    const { merchantId, invoice } = account;
    const issuedCreditNote = this.#creditNotes.get(issued.data.reverses?.creditNoteId ?? '');
    const credited = account.creditNotes.find(({ id }) => id === issuedCreditNote?.creditNote.id);
    if (!invoice || !issuedCreditNote || !credited) return { state: 'early' };
    const { creditNote } = issuedCreditNote;
    const stored = this.#reversals.get(issued.subject);
    const reversal = stored?.reversal ?? {
      ...reversalFor(invoice, creditNote, cause, numberedOf(issued)),
      totals: issued.data.totals,
      ...filesFromEvent(issued.data),
    };
    const standing = standingOf(eventOfInvoice(merchantId, reversal), text);
    if (standing.state !== 'same') return standing;
    const { id, number } = reversal;
    if (!stored) {
      const made = { merchantId, reversal, fingerprint: fingerprintOf(cause) };
      this.#reversals.set(id, made);
      this.newReversals.push(made);
    }
    if (!creditNote.reversedBy)
      this.#changeCreditNote({
        ...issuedCreditNote,
        creditNote: { ...creditNote, reversedBy: { invoiceId: id, invoiceNumber: number } },
      });
    if (!credited.reversal || !stored || !creditNote.reversedBy) {
      const { parkedFailures = [], ...rest } = account;
      const waiting = parkedFailures.filter(({ data }) => data.refund.id !== cause.data.refund.id);
      this.#change({
        ...rest,
        ...(waiting.length > 0 && { parkedFailures: waiting }),
        creditNotes: account.creditNotes.map((each) =>
          each === credited ? { ...each, reversal: { id, number, sequence: cause.sequence } } : each,
        ),
      });
    }
    return standing;
  }

  #changeCreditNote(issued: Issued, isNew = false): void {
    const { id } = issued.creditNote;
    this.#creditNotes.set(id, issued);
    this.#changedCreditNotes.set(id, isNew || (this.#changedCreditNotes.get(id) ?? false));
  }

  #change(account: Account): void {
    this.account = account;
    this.isChanged = true;
  }
}

/** The seller as it was at issue. */
function sellerIn({ data }: InvoiceIssued): SellerVersion | undefined {
  if (!data.seller) return undefined;
  const { version, ...seller } = data.seller;
  return { seller, version };
}

const numberedOf = ({ data: { number }, time }: InvoiceIssued | CreditNoteIssued): Numbered => ({
  number,
  series: seriesOfNumber(number),
  issuedAt: time,
});

/** How what would be published stands to what was recorded. */
export function standingOf(event: Event, text: string): Standing {
  const published = JSON.stringify(event);
  if (published === text) return { state: 'same' };
  const [ours, theirs] = [event, JSON.parse(text) as Event].map(numbersIn);
  if (ours?.number === theirs?.number && ours?.invoiceNumber === theirs?.invoiceNumber)
    return { state: 'other', why: 'its content is another one' };
  return { state: 'renumbered', why: whyRenumbered(ours, theirs), text: published };
}

/** How an account stands to a recorded credit note that it does not have. */
export function standingOfMissing({ invoice }: Account, recorded: CreditNoteIssued): Standing {
  const { invoiceNumber } = recorded.data;
  return !invoice || invoice.number === invoiceNumber
    ? { state: 'missing' }
    : { state: 'renumbered', why: `its invoice has the number ${invoice.number}, and not ${invoiceNumber}` };
}

/** How a credit note stands to the recorded invoice that reverses it, which the table does not have. */
export function standingOfMissingReversal({ number }: CreditNote, { data }: InvoiceIssued): Standing {
  const { creditNoteNumber } = data.reverses ?? {};
  return number === creditNoteNumber
    ? { state: 'missing' }
    : { state: 'renumbered', why: `its credit note has the number ${number}, and not ${creditNoteNumber}` };
}

type NumbersOfEvent = { number?: string; invoiceNumber?: string };

const numbersIn = ({ data }: Event): NumbersOfEvent => data as NumbersOfEvent;

const whyRenumbered = (ours: NumbersOfEvent | undefined, theirs: NumbersOfEvent | undefined): string =>
  ours?.number === theirs?.number
    ? `its invoice has the number ${ours?.invoiceNumber}, and not ${theirs?.invoiceNumber}`
    : `it has the number ${ours?.number}, and not ${theirs?.number}`;
