import { majorAmount } from '@fanfold/contracts/currency';
import type { Element } from 'xast';
import type { Address, Adjustment, Buyer, DocumentLine, Seller, TaxDocument, VatKey } from './document.ts';
import { customizationIds, type Profile, processId } from './profile.ts';
import { amountText, noteOf, paymentMeansOf, percentageOf, rateOf, typeCodes, vatIdOf } from './written.ts';
import { element, optional, xmlOf } from './xml.ts';

/** The document in UBL 2.1, as a text in UTF-8. Elements stand in the order of UBL's schema. */
export function ublOf(document: TaxDocument, profile: Profile): string {
  const { kind, amounts, delivery, correctedInvoice, card, accountingTax } = document;
  const [root, type] =
    kind === 'invoice' ? ['Invoice', 'InvoiceTypeCode'] : ['CreditNote', 'CreditNoteTypeCode'];
  return xmlOf(
    element(
      root,
      [
        element('cbc:CustomizationID', customizationIds[profile]),
        element('cbc:ProfileID', processId),
        element('cbc:ID', document.number),
        element('cbc:IssueDate', document.issueDate),
        element(`cbc:${type}`, typeCodes[kind]),
        optional('cbc:Note', noteOf(document)),
        element('cbc:DocumentCurrencyCode', document.currency),
        optional('cbc:TaxCurrencyCode', accountingTax?.currency),
        optional('cbc:BuyerReference', document.buyerReference),
        document.orderReference === null
          ? null
          : element('cac:OrderReference', [element('cbc:ID', document.orderReference)]),
        correctedInvoice &&
          element('cac:BillingReference', [
            element('cac:InvoiceDocumentReference', [
              element('cbc:ID', correctedInvoice.number),
              element('cbc:IssueDate', correctedInvoice.issueDate),
            ]),
          ]),
        element('cac:AccountingSupplierParty', [sellerParty(document)]),
        element('cac:AccountingCustomerParty', [buyerParty(document)]),
        delivery &&
          element('cac:Delivery', [
            optional('cbc:ActualDeliveryDate', delivery.date),
            delivery.address &&
              element('cac:DeliveryLocation', [
                element('cac:Address', [
                  optional('cbc:CityName', delivery.address.city),
                  optional('cbc:PostalZone', delivery.address.postalCode),
                  country(delivery.address.country),
                ]),
              ]),
          ]),
        element('cac:PaymentMeans', [
          element('cbc:PaymentMeansCode', paymentMeansOf(document)),
          card &&
            element('cac:CardAccount', [
              element('cbc:PrimaryAccountNumberID', card.lastDigits),
              element('cbc:NetworkID', card.network),
            ]),
        ]),
        ...amounts.adjustments.map((adjustment) => allowanceCharge(document, adjustment, adjustment)),
        element('cac:TaxTotal', [
          amount('cbc:TaxAmount', amounts.taxMinor, document),
          ...amounts.vat.map(({ category, taxRate, net, tax, exemption }) =>
            element('cac:TaxSubtotal', [
              amount('cbc:TaxableAmount', net, document),
              amount('cbc:TaxAmount', tax, document),
              element('cac:TaxCategory', [
                element('cbc:ID', category),
                element('cbc:Percent', taxRate),
                optional('cbc:TaxExemptionReasonCode', exemption?.code),
                optional('cbc:TaxExemptionReason', exemption?.text),
                vatScheme(),
              ]),
            ]),
          ),
        ]),
        accountingTax &&
          element('cac:TaxTotal', [
            element('cbc:TaxAmount', majorAmount(accountingTax.taxMinor, accountingTax.currency), {
              currencyID: accountingTax.currency,
            }),
          ]),
        element('cac:LegalMonetaryTotal', [
          amount('cbc:LineExtensionAmount', amounts.linesMinor, document),
          amount('cbc:TaxExclusiveAmount', amounts.netMinor, document),
          amount('cbc:TaxInclusiveAmount', amounts.grossMinor, document),
          !amounts.adjustments.some(({ kind }) => kind === 'allowance')
            ? null
            : amount('cbc:AllowanceTotalAmount', amounts.allowancesMinor, document),
          !amounts.adjustments.some(({ kind }) => kind === 'charge')
            ? null
            : amount('cbc:ChargeTotalAmount', amounts.chargesMinor, document),
          amount('cbc:PrepaidAmount', amounts.paidMinor, document),
          amounts.roundingMinor === 0
            ? null
            : amount('cbc:PayableRoundingAmount', amounts.roundingMinor, document),
          amount('cbc:PayableAmount', 0, document),
        ]),
        ...amounts.lines.map((line, i) => lineElement(document, line, i)),
      ],
      {
        xmlns: `urn:oasis:names:specification:ubl:schema:xsd:${root}-2`,
        'xmlns:cac': 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2',
        'xmlns:cbc': 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2',
      },
    ),
  );
}

function sellerParty(document: TaxDocument): Element {
  const { legalName, tradeName, address, registration, contact, legalNote }: Seller = document.seller;
  return element('cac:Party', [
    endpoint(document.seller),
    tradeName === null ? null : element('cac:PartyName', [element('cbc:Name', tradeName)]),
    postalAddress(address),
    partyTaxScheme(document.seller, document),
    element('cac:PartyLegalEntity', [
      element('cbc:RegistrationName', legalName),
      registration && element('cbc:CompanyID', registration.id, { schemeID: registration.scheme }),
      optional('cbc:CompanyLegalForm', legalNote),
    ]),
    contact &&
      element('cac:Contact', [
        element('cbc:Name', contact.name),
        element('cbc:Telephone', contact.telephone),
        element('cbc:ElectronicMail', contact.email),
      ]),
  ]);
}

function buyerParty(document: TaxDocument): Element {
  const { name, address, email }: Buyer = document.buyer;
  return element('cac:Party', [
    endpoint(document.buyer),
    postalAddress(address),
    partyTaxScheme(document.buyer, document),
    element('cac:PartyLegalEntity', [element('cbc:RegistrationName', name)]),
    email === null ? null : element('cac:Contact', [element('cbc:ElectronicMail', email)]),
  ]);
}

const endpoint = ({ electronicAddress }: Seller | Buyer): Element | null =>
  electronicAddress &&
  element('cbc:EndpointID', electronicAddress.id, { schemeID: electronicAddress.scheme });

const postalAddress = ({ line1, line2, city, postalCode, state, country: code }: Address): Element =>
  element('cac:PostalAddress', [
    optional('cbc:StreetName', line1),
    optional('cbc:AdditionalStreetName', line2),
    optional('cbc:CityName', city),
    optional('cbc:PostalZone', postalCode),
    optional('cbc:CountrySubentity', state),
    country(code),
  ]);

const country = (code: string): Element => element('cac:Country', [element('cbc:IdentificationCode', code)]);

function partyTaxScheme({ vatId }: Seller | Buyer, document: TaxDocument): Element | null {
  const stated = vatIdOf(vatId, document);
  return stated === null
    ? null
    : element('cac:PartyTaxScheme', [element('cbc:CompanyID', stated), vatScheme()]);
}

const vatScheme = (): Element => element('cac:TaxScheme', [element('cbc:ID', 'VAT')]);

const categoryAndRate = ({ category, taxRate }: VatKey): (Element | null)[] => [
  element('cbc:ID', category),
  optional('cbc:Percent', rateOf(category, taxRate)),
];

const allowanceCharge = (document: TaxDocument, adjustment: Adjustment, vat: VatKey | null): Element => {
  const { kind, amountMinor, reason } = adjustment;
  const percentage = percentageOf(adjustment);
  return element('cac:AllowanceCharge', [
    element('cbc:ChargeIndicator', String(kind === 'charge')),
    element('cbc:AllowanceChargeReason', reason),
    optional('cbc:MultiplierFactorNumeric', percentage?.percent),
    amount('cbc:Amount', amountMinor, document),
    percentage && amount('cbc:BaseAmount', percentage.baseMinor, document),
    vat && element('cac:TaxCategory', [...categoryAndRate(vat), vatScheme()]),
  ]);
};

function lineElement(document: TaxDocument, line: DocumentLine, index: number): Element {
  const [name, quantity] =
    document.kind === 'invoice'
      ? ['InvoiceLine', 'InvoicedQuantity']
      : ['CreditNoteLine', 'CreditedQuantity'];
  return element(`cac:${name}`, [
    element('cbc:ID', String(index + 1)),
    element(`cbc:${quantity}`, line.quantity, { unitCode: line.unitCode }),
    amount('cbc:LineExtensionAmount', line.netMinor, document),
    ...line.adjustments.map((adjustment) => allowanceCharge(document, adjustment, null)),
    element('cac:Item', [
      element('cbc:Name', line.description),
      line.itemId === null
        ? null
        : element('cac:SellersItemIdentification', [element('cbc:ID', line.itemId)]),
      element('cac:ClassifiedTaxCategory', [...categoryAndRate(line), vatScheme()]),
    ]),
    element('cac:Price', [element('cbc:PriceAmount', line.unitPrice, { currencyID: document.currency })]),
  ]);
}

const amount = (name: string, amountMinor: number, document: TaxDocument): Element =>
  element(name, amountText(amountMinor, document), { currencyID: document.currency });
