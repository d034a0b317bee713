import type { VatCategory } from '@fanfold/contracts/vatCategory';

/**
 * A document in the terms of EN 16931, complete and frozen, as JSON keeps it: what the writers of UBL and CII need and
 * nothing that they would have to compute. Amounts are integers in the minor unit of `currency`. BT and BG are the standard's
 * numbers of terms and groups.
 */
export type TaxDocument = {
  kind: 'invoice' | 'credit-note';
  number: string;
  /** Days are as `2026-11-30`. */
  issueDate: string;
  /** Whether it says less about the buyer than an invoice in full, as the law allows of small ones. */
  isSimplified?: boolean;
  currency: string;
  seller: Seller;
  buyer: Buyer;
  buyerReference: string | null;
  orderReference: string | null;
  delivery: Delivery | null;
  /** The invoice that a credit note corrects, or the credit note that an invoice reverses (BG-3). */
  correctedInvoice: { number: string; issueDate: string } | null;
  /** The card that was charged (BG-18); null when it is not known how the money came. */
  card: { lastDigits: string; network: string } | null;
  notes: string[];
  accountingTax: AccountingTax | null;
  amounts: Amounts;
};

export type Address = {
  line1: string | null;
  line2: string | null;
  city: string | null;
  postalCode: string | null;
  state: string | null;
  country: string;
};

/** An address in a network of electronic documents, such as `0208` `0403019261` (BT-34, BT-49). */
export type ElectronicAddress = { scheme: string; id: string };

export type Seller = {
  legalName: string;
  tradeName: string | null;
  address: Address;
  vatId: string | null;
  /** The number in a register of companies, with its scheme of ISO 6523 where it has one (BT-30). */
  registration: { id: string; scheme: string | null } | null;
  contact: { name: string; telephone: string; email: string } | null;
  electronicAddress: ElectronicAddress | null;
  /** Legal notes, such as those on the company's form and seat (BT-33). */
  legalNote: string | null;
  /** Whether its invoices are simplified where that is lawful. */
  simplifiedInvoices?: boolean;
};

export type Buyer = {
  name: string;
  address: Address;
  vatId: string | null;
  email: string | null;
  electronicAddress: ElectronicAddress | null;
};

/** When and where the goods or services were delivered (BG-13). */
export type Delivery = {
  date: string | null;
  address: Pick<Address, 'city' | 'postalCode' | 'country'> | null;
};

/** VAT in the seller's currency of accounting (BT-6, BT-111), where the document has another. */
export type AccountingTax = { currency: string; taxMinor: number; rate: string; source: string };

export type Exemption = { code: string | null; text: string | null };

/** VAT is computed once for each category and rate. */
export type VatKey = { category: VatCategory; taxRate: string };

export type Adjustment = {
  kind: 'allowance' | 'charge';
  amountMinor: number;
  reason: string;
  /** The percentage that it was said as (BT-94, BT-101, BT-138, BT-143). */
  percent?: string;
  /** Of which net amount, in documents where it is that percentage as exactly as their rules ask (PEPPOL-EN16931-R040). */
  baseMinor?: number;
};

export type DocumentLine = VatKey & {
  description: string;
  itemId: string | null;
  /** A decimal number, negative in a line that takes something off. */
  quantity: string;
  unitCode: string;
  /** Net, a decimal number in the major unit of the currency, never negative. */
  unitPrice: string;
  adjustments: Adjustment[];
  netMinor: number;
};

export type VatGroup = VatKey & { net: number; tax: number; exemption: Exemption | null };

export type Amounts = {
  lines: DocumentLine[];
  /** Allowances and charges on the whole document, net (BG-20, BG-21). */
  adjustments: (Adjustment & VatKey)[];
  vat: VatGroup[];
  /** The sum of the lines (BT-106). */
  linesMinor: number;
  allowancesMinor: number;
  chargesMinor: number;
  netMinor: number;
  taxMinor: number;
  grossMinor: number;
  /** What was paid, or paid back: `grossMinor` + `roundingMinor`, so that nothing is due. */
  paidMinor: number;
  roundingMinor: number;
};
