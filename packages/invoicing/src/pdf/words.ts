import { exponentOf, majorAmount } from '@fanfold/contracts/currency';
import type { invoiceLanguages } from '@fanfold/contracts/seller';
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import { decimalOf, decimalText } from '../decimal.ts';
import type { TaxDocument } from '../document.ts';

export type Language = (typeof invoiceLanguages)[number];

/** What a document says besides its data. `{}` is where a value goes. */
export type Words = {
  title: Record<TaxDocument['kind'] | 'simplified', string>;
  copy: string;
  issueDate: string;
  deliveryDate: string;
  deliveryPlace: string;
  orderReference: string;
  buyerReference: string;
  /** By the kind of the document that corrects: a credit note corrects an invoice, and an invoice reverses a credit note. */
  corrects: Record<TaxDocument['kind'], string>;
  correctedOf: string;
  payment: string;
  paid: Record<TaxDocument['kind'], string>;
  byCard: Record<TaxDocument['kind'], string>;
  from: string;
  to: string;
  vatId: string;
  registration: string;
  line: string;
  description: string;
  itemId: string;
  quantity: string;
  unit: string;
  unitPrice: string;
  vat: string;
  amount: string;
  carriedForward: string;
  broughtForward: string;
  allowance: string;
  charge: string;
  linesTotal: string;
  netTotal: string;
  vatTotal: string;
  grossTotal: string;
  rounding: string;
  paidTotal: Record<TaxDocument['kind'], string>;
  due: string;
  vatBreakdown: string;
  net: string;
  accountingTax: string;
  exchange: string;
  notes: string;
  page: string;
  categories: Record<VatCategory, string>;
  /** By UN/ECE Recommendation 20; other codes are shown as they are. */
  units: Record<string, string>;
  /** The sign before decimals, and between thousands. */
  decimalSign: string;
  groupSign: string;
  date(year: string, month: string, day: string): string;
};

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);

const noBreak = '\u00a0';

export const words: Record<Language, Words> = {
  en: {
    title: { invoice: 'Invoice', 'credit-note': 'Credit note', simplified: 'Simplified invoice' },
    copy: 'Copy',
    issueDate: 'Date of issue',
    deliveryDate: 'Date of delivery',
    deliveryPlace: 'Place of delivery',
    orderReference: 'Your order',
    buyerReference: 'Your reference',
    corrects: { invoice: 'Reverses credit note', 'credit-note': 'Corrects invoice' },
    correctedOf: '{} of {}',
    payment: 'Payment',
    paid: { invoice: 'Paid', 'credit-note': 'Paid back' },
    byCard: { invoice: 'Paid by card {}', 'credit-note': 'Paid back to card {}' },
    from: 'Seller',
    to: 'Buyer',
    vatId: 'VAT ID',
    registration: 'Registration',
    line: 'No.',
    description: 'Description',
    itemId: 'Item',
    quantity: 'Quantity',
    unit: 'Unit',
    unitPrice: 'Unit price',
    vat: 'VAT',
    amount: 'Amount',
    carriedForward: 'Carried forward',
    broughtForward: 'Brought forward',
    allowance: 'Discount',
    charge: 'Charge',
    linesTotal: 'Sum of lines',
    netTotal: 'Total without VAT',
    vatTotal: 'VAT',
    grossTotal: 'Total',
    rounding: 'Rounding',
    paidTotal: { invoice: 'Paid', 'credit-note': 'Paid back' },
    due: 'Amount due',
    vatBreakdown: 'VAT breakdown',
    net: 'Net',
    accountingTax: 'VAT in {}',
    exchange: '1 {} = {} {} ({})',
    notes: 'Notes',
    page: 'Page {} of {}',
    categories: {
      S: 'VAT',
      Z: 'Zero rate',
      E: 'Exempt from VAT',
      AE: 'Reverse charge',
      K: 'Intra-Community supply',
      G: 'Export outside the EU',
      O: 'Not subject to VAT',
      L: 'IGIC (Canary Islands)',
      M: 'IPSI (Ceuta and Melilla)',
    },
    units: {
      ...{ C62: 'pcs', XPP: 'pcs', H87: 'pcs', EA: 'each', SET: 'set', PR: 'pair', LS: 'lump sum', P1: '%' },
      ...{ HUR: 'h', MIN: 'min', DAY: 'days', WEE: 'weeks', MON: 'months', ANN: 'years', KWH: 'kWh' },
      ...{
        KGM: 'kg',
        GRM: 'g',
        TNE: 't',
        LTR: 'l',
        MLT: 'ml',
        MTR: 'm',
        CMT: 'cm',
        KMT: 'km',
        MTK: 'm²',
        MTQ: 'm³',
      },
    },
    decimalSign: '.',
    groupSign: ',',
    date: (year, month, day) => `${Number(day)}${noBreak}${months[Number(month) - 1]}${noBreak}${year}`,
  },
  de: {
    title: { invoice: 'Rechnung', 'credit-note': 'Rechnungskorrektur', simplified: 'Vereinfachte Rechnung' },
    copy: 'Kopie',
    issueDate: 'Ausstellungsdatum',
    deliveryDate: 'Lieferdatum',
    deliveryPlace: 'Lieferort',
    orderReference: 'Ihre Bestellung',
    buyerReference: 'Ihre Referenz',
    corrects: { invoice: 'Storniert Rechnungskorrektur', 'credit-note': 'Zu Rechnung' },
    correctedOf: '{} vom {}',
    payment: 'Zahlung',
    paid: { invoice: 'Bezahlt', 'credit-note': 'Erstattet' },
    byCard: { invoice: 'Bezahlt mit Karte {}', 'credit-note': 'Erstattet auf Karte {}' },
    from: 'Verkäufer',
    to: 'Käufer',
    vatId: 'USt-IdNr.',
    registration: 'Registernummer',
    line: 'Pos.',
    description: 'Bezeichnung',
    itemId: 'Artikel',
    quantity: 'Menge',
    unit: 'Einheit',
    unitPrice: 'Einzelpreis',
    vat: 'USt',
    amount: 'Betrag',
    carriedForward: 'Übertrag',
    broughtForward: 'Übertrag',
    allowance: 'Rabatt',
    charge: 'Zuschlag',
    linesTotal: 'Summe der Positionen',
    netTotal: 'Gesamtbetrag ohne USt',
    vatTotal: 'USt',
    grossTotal: 'Gesamtbetrag',
    rounding: 'Rundung',
    paidTotal: { invoice: 'Bezahlt', 'credit-note': 'Erstattet' },
    due: 'Fälliger Betrag',
    vatBreakdown: 'Umsatzsteuer',
    net: 'Netto',
    accountingTax: 'USt in {}',
    exchange: '1 {} = {} {} ({})',
    notes: 'Bemerkungen',
    page: 'Seite {} von {}',
    categories: {
      S: 'USt',
      Z: 'Nullsatz',
      E: 'Steuerbefreit',
      AE: 'Steuerschuldnerschaft des Leistungsempfängers',
      K: 'Innergemeinschaftliche Lieferung',
      G: 'Ausfuhr aus der EU',
      O: 'Nicht steuerbar',
      L: 'IGIC (Kanarische Inseln)',
      M: 'IPSI (Ceuta und Melilla)',
    },
    units: {
      ...{
        C62: 'Stk.',
        XPP: 'Stk.',
        H87: 'Stk.',
        EA: 'Stk.',
        SET: 'Set',
        PR: 'Paar',
        LS: 'pauschal',
        P1: '%',
      },
      ...{ HUR: 'Std.', MIN: 'Min.', DAY: 'Tage', WEE: 'Wochen', MON: 'Monate', ANN: 'Jahre', KWH: 'kWh' },
      ...{
        KGM: 'kg',
        GRM: 'g',
        TNE: 't',
        LTR: 'l',
        MLT: 'ml',
        MTR: 'm',
        CMT: 'cm',
        KMT: 'km',
        MTK: 'm²',
        MTQ: 'm³',
      },
    },
    decimalSign: ',',
    groupSign: '.',
    date: (year, month, day) => `${day}.${month}.${year}`,
  },
  fr: {
    title: { invoice: 'Facture', 'credit-note': 'Avoir', simplified: 'Facture simplifiée' },
    copy: 'Copie',
    issueDate: 'Date d’émission',
    deliveryDate: 'Date de livraison',
    deliveryPlace: 'Lieu de livraison',
    orderReference: 'Votre commande',
    buyerReference: 'Votre référence',
    corrects: { invoice: 'Annule l’avoir', 'credit-note': 'Rectifie la facture' },
    correctedOf: '{} du {}',
    payment: 'Paiement',
    paid: { invoice: 'Payé', 'credit-note': 'Remboursé' },
    byCard: { invoice: 'Payé par carte {}', 'credit-note': 'Remboursé sur la carte {}' },
    from: 'Vendeur',
    to: 'Acheteur',
    vatId: 'N° TVA',
    registration: 'Immatriculation',
    line: 'N°',
    description: 'Désignation',
    itemId: 'Article',
    quantity: 'Quantité',
    unit: 'Unité',
    unitPrice: 'Prix unitaire',
    vat: 'TVA',
    amount: 'Montant',
    carriedForward: 'À reporter',
    broughtForward: 'Report',
    allowance: 'Remise',
    charge: 'Supplément',
    linesTotal: 'Somme des lignes',
    netTotal: 'Total hors TVA',
    vatTotal: 'TVA',
    grossTotal: 'Total TVA comprise',
    rounding: 'Arrondi',
    paidTotal: { invoice: 'Payé', 'credit-note': 'Remboursé' },
    due: 'Net à payer',
    vatBreakdown: 'Détail de la TVA',
    net: 'Base',
    accountingTax: 'TVA en {}',
    exchange: '1 {} = {} {} ({})',
    notes: 'Remarques',
    page: 'Page {} sur {}',
    categories: {
      S: 'TVA',
      Z: 'Taux zéro',
      E: 'Exonéré de TVA',
      AE: 'Autoliquidation',
      K: 'Livraison intracommunautaire',
      G: 'Exportation hors UE',
      O: 'Non soumis à la TVA',
      L: 'IGIC (Canaries)',
      M: 'IPSI (Ceuta et Melilla)',
    },
    units: {
      ...{ C62: 'pce', XPP: 'pce', H87: 'pce', EA: 'pce', SET: 'lot', PR: 'paire', LS: 'forfait', P1: '%' },
      ...{ HUR: 'h', MIN: 'min', DAY: 'jours', WEE: 'semaines', MON: 'mois', ANN: 'ans', KWH: 'kWh' },
      ...{
        KGM: 'kg',
        GRM: 'g',
        TNE: 't',
        LTR: 'l',
        MLT: 'ml',
        MTR: 'm',
        CMT: 'cm',
        KMT: 'km',
        MTK: 'm²',
        MTQ: 'm³',
      },
    },
    decimalSign: ',',
    groupSign: '\u202f',
    date: (year, month, day) => `${day}/${month}/${year}`,
  },
  nl: {
    title: { invoice: 'Factuur', 'credit-note': 'Creditnota', simplified: 'Vereenvoudigde factuur' },
    copy: 'Kopie',
    issueDate: 'Datum van uitgifte',
    deliveryDate: 'Leverdatum',
    deliveryPlace: 'Plaats van levering',
    orderReference: 'Uw bestelling',
    buyerReference: 'Uw referentie',
    corrects: { invoice: 'Annuleert creditnota', 'credit-note': 'Corrigeert factuur' },
    correctedOf: '{} van {}',
    payment: 'Betaling',
    paid: { invoice: 'Betaald', 'credit-note': 'Terugbetaald' },
    byCard: { invoice: 'Betaald met kaart {}', 'credit-note': 'Terugbetaald op kaart {}' },
    from: 'Verkoper',
    to: 'Koper',
    vatId: 'Btw-nummer',
    registration: 'Registratienummer',
    line: 'Nr.',
    description: 'Omschrijving',
    itemId: 'Artikel',
    quantity: 'Aantal',
    unit: 'Eenheid',
    unitPrice: 'Prijs per eenheid',
    vat: 'Btw',
    amount: 'Bedrag',
    carriedForward: 'Over te brengen',
    broughtForward: 'Overgebracht',
    allowance: 'Korting',
    charge: 'Toeslag',
    linesTotal: 'Som van de regels',
    netTotal: 'Totaal zonder btw',
    vatTotal: 'Btw',
    grossTotal: 'Totaal',
    rounding: 'Afronding',
    paidTotal: { invoice: 'Betaald', 'credit-note': 'Terugbetaald' },
    due: 'Te betalen',
    vatBreakdown: 'Btw-overzicht',
    net: 'Netto',
    accountingTax: 'Btw in {}',
    exchange: '1 {} = {} {} ({})',
    notes: 'Opmerkingen',
    page: 'Pagina {} van {}',
    categories: {
      S: 'Btw',
      Z: 'Nultarief',
      E: 'Vrijgesteld van btw',
      AE: 'Btw verlegd',
      K: 'Intracommunautaire levering',
      G: 'Uitvoer buiten de EU',
      O: 'Niet aan btw onderworpen',
      L: 'IGIC (Canarische Eilanden)',
      M: 'IPSI (Ceuta en Melilla)',
    },
    units: {
      ...{ C62: 'st.', XPP: 'st.', H87: 'st.', EA: 'st.', SET: 'set', PR: 'paar', LS: 'forfait', P1: '%' },
      ...{ HUR: 'u', MIN: 'min', DAY: 'dagen', WEE: 'weken', MON: 'maanden', ANN: 'jaren', KWH: 'kWh' },
      ...{
        KGM: 'kg',
        GRM: 'g',
        TNE: 't',
        LTR: 'l',
        MLT: 'ml',
        MTR: 'm',
        CMT: 'cm',
        KMT: 'km',
        MTK: 'm²',
        MTQ: 'm³',
      },
    },
    decimalSign: ',',
    groupSign: '.',
    date: (year, month, day) => `${day}-${month}-${year}`,
  },
};

/** A text of `words` with its values in place. */
export const filled = (text: string, ...values: string[]): string => {
  const left = [...values];
  return text.replace(/\{\}/g, () => left.shift() ?? '');
};

/**
 * A decimal number as the language writes it, without zeros at the end but for `minDecimals`. `Intl` is not used: what it
 * writes depends on the version of its data, and the same document has the same bytes.
 */
export function numberText(decimal: string, { decimalSign, groupSign }: Words, minDecimals = 0): string {
  const [whole = '', decimals = ''] = decimalText(decimalOf(decimal), minDecimals)
    .replace('-', '')
    .split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, groupSign);
  return `${decimal.startsWith('-') ? '\u2212' : ''}${grouped}${decimals && decimalSign + decimals}`;
}

/** `1,234.50`; a minus is one. */
export const amountText = (amountMinor: number, currency: string, language: Words): string =>
  numberText(majorAmount(amountMinor, currency), language, exponentOf(currency));

/** `21 %` */
export const rateText = (rate: string, language: Words): string => `${numberText(rate, language)}${noBreak}%`;

export function dateText(day: string, language: Words): string {
  const [year = '', month = '', date = ''] = day.split('-');
  return language.date(year, month, date);
}

/** What a document is called. */
export const titleOf = ({ kind, isSimplified }: TaxDocument, say: Words): string =>
  say.title[isSimplified && kind === 'invoice' ? 'simplified' : kind];
