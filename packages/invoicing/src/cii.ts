import { majorAmount } from '@fanfold/contracts/currency';
import type { Element } from 'xast';
import type { Address, Adjustment, Buyer, DocumentLine, Seller, TaxDocument, VatKey } from './document.ts';
import { customizationIds, type Profile, processId } from './profile.ts';
import { amountText, noteOf, paymentMeansOf, percentageOf, rateOf, typeCodes, vatIdOf } from './written.ts';
import { element, optional, xmlOf } from './xml.ts';

/** The document in UN/CEFACT's Cross Industry Invoice (D16B), in the order of its schema. Peppol takes UBL only. */
export function ciiOf(document: TaxDocument, profile: Exclude<Profile, 'peppol'>): string {
  const { kind, amounts } = document;
  return xmlOf(
    element(
      'rsm:CrossIndustryInvoice',
      [
        element('rsm:ExchangedDocumentContext', [
          element('ram:BusinessProcessSpecifiedDocumentContextParameter', [element('ram:ID', processId)]),
          element('ram:GuidelineSpecifiedDocumentContextParameter', [
            element('ram:ID', customizationIds[profile]),
          ]),
        ]),
        element('rsm:ExchangedDocument', [
          element('ram:ID', document.number),
          element('ram:TypeCode', typeCodes[kind]),
          element('ram:IssueDateTime', [dateTime('udt', document.issueDate)]),
          noteOf(document) === null
            ? null
            : element('ram:IncludedNote', [optional('ram:Content', noteOf(document))]),
        ]),
        element('rsm:SupplyChainTradeTransaction', [
          ...amounts.lines.map((line, i) => lineItem(document, line, i)),
          agreement(document),
          delivery(document),
          settlement(document),
        ]),
      ],
      {
        'xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
        'xmlns:qdt': 'urn:un:unece:uncefact:data:standard:QualifiedDataType:100',
        'xmlns:ram': 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
        'xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
      },
    ),
  );
}

function lineItem(document: TaxDocument, line: DocumentLine, index: number): Element {
  return element('ram:IncludedSupplyChainTradeLineItem', [
    element('ram:AssociatedDocumentLineDocument', [element('ram:LineID', String(index + 1))]),
    element('ram:SpecifiedTradeProduct', [
      optional('ram:SellerAssignedID', line.itemId),
      element('ram:Name', line.description),
    ]),
    element('ram:SpecifiedLineTradeAgreement', [
      element('ram:NetPriceProductTradePrice', [element('ram:ChargeAmount', line.unitPrice)]),
    ]),
    element('ram:SpecifiedLineTradeDelivery', [
      element('ram:BilledQuantity', line.quantity, { unitCode: line.unitCode }),
    ]),
    element('ram:SpecifiedLineTradeSettlement', [
      element('ram:ApplicableTradeTax', [element('ram:TypeCode', 'VAT'), ...categoryAndRate(line)]),
      ...line.adjustments.map((adjustment) => allowanceCharge(document, adjustment, null)),
      element('ram:SpecifiedTradeSettlementLineMonetarySummation', [
        amount('ram:LineTotalAmount', line.netMinor, document),
      ]),
    ]),
  ]);
}

const agreement = (document: TaxDocument): Element =>
  element('ram:ApplicableHeaderTradeAgreement', [
    optional('ram:BuyerReference', document.buyerReference),
    sellerParty(document),
    buyerParty(document),
    document.orderReference === null
      ? null
      : element('ram:BuyerOrderReferencedDocument', [
          element('ram:IssuerAssignedID', document.orderReference),
        ]),
  ]);

function sellerParty(document: TaxDocument): Element {
  const { legalName, tradeName, address, registration, contact, legalNote }: Seller = document.seller;
  return element('ram:SellerTradeParty', [
    element('ram:Name', legalName),
    optional('ram:Description', legalNote),
    registration || tradeName !== null
      ? element('ram:SpecifiedLegalOrganization', [
          registration && element('ram:ID', registration.id, { schemeID: registration.scheme }),
          optional('ram:TradingBusinessName', tradeName),
        ])
      : null,
    contact &&
      element('ram:DefinedTradeContact', [
        element('ram:PersonName', contact.name),
        element('ram:TelephoneUniversalCommunication', [element('ram:CompleteNumber', contact.telephone)]),
        email(contact.email),
      ]),
    postalAddress(address),
    uri(document.seller),
    taxRegistration(document.seller, document),
  ]);
}

function buyerParty(document: TaxDocument): Element {
  const { name, address, email: buyerEmail }: Buyer = document.buyer;
  return element('ram:BuyerTradeParty', [
    element('ram:Name', name),
    buyerEmail === null ? null : element('ram:DefinedTradeContact', [email(buyerEmail)]),
    postalAddress(address),
    uri(document.buyer),
    taxRegistration(document.buyer, document),
  ]);
}

const email = (address: string): Element =>
  element('ram:EmailURIUniversalCommunication', [element('ram:URIID', address)]);

const postalAddress = ({ line1, line2, city, postalCode, state, country }: Address): Element =>
  element('ram:PostalTradeAddress', [
    optional('ram:PostcodeCode', postalCode),
    optional('ram:LineOne', line1),
    optional('ram:LineTwo', line2),
    optional('ram:CityName', city),
    element('ram:CountryID', country),
    optional('ram:CountrySubDivisionName', state),
  ]);

const uri = ({ electronicAddress }: Seller | Buyer): Element | null =>
  electronicAddress &&
  element('ram:URIUniversalCommunication', [
    element('ram:URIID', electronicAddress.id, { schemeID: electronicAddress.scheme }),
  ]);

function taxRegistration({ vatId }: Seller | Buyer, document: TaxDocument): Element | null {
  const stated = vatIdOf(vatId, document);
  return stated === null
    ? null
    : element('ram:SpecifiedTaxRegistration', [element('ram:ID', stated, { schemeID: 'VA' })]);
}

function delivery({ delivery: delivered }: TaxDocument): Element {
  const address = delivered?.address;
  return element('ram:ApplicableHeaderTradeDelivery', [
    address
      ? element('ram:ShipToTradeParty', [
          element('ram:PostalTradeAddress', [
            optional('ram:PostcodeCode', address.postalCode),
            optional('ram:CityName', address.city),
            element('ram:CountryID', address.country),
          ]),
        ])
      : null,
    delivered?.date
      ? element('ram:ActualDeliverySupplyChainEvent', [
          element('ram:OccurrenceDateTime', [dateTime('udt', delivered.date)]),
        ])
      : null,
  ]);
}

function settlement(document: TaxDocument): Element {
  const { amounts, card, accountingTax, correctedInvoice } = document;
  return element('ram:ApplicableHeaderTradeSettlement', [
    optional('ram:TaxCurrencyCode', accountingTax?.currency),
    element('ram:InvoiceCurrencyCode', document.currency),
    element('ram:SpecifiedTradeSettlementPaymentMeans', [
      element('ram:TypeCode', paymentMeansOf(document)),
      card && element('ram:ApplicableTradeSettlementFinancialCard', [element('ram:ID', card.lastDigits)]),
    ]),
    ...amounts.vat.map(({ category, taxRate, net, tax, exemption }) =>
      element('ram:ApplicableTradeTax', [
        amount('ram:CalculatedAmount', tax, document),
        element('ram:TypeCode', 'VAT'),
        optional('ram:ExemptionReason', exemption?.text),
        amount('ram:BasisAmount', net, document),
        element('ram:CategoryCode', category),
        optional('ram:ExemptionReasonCode', exemption?.code),
        element('ram:RateApplicablePercent', taxRate),
      ]),
    ),
    ...amounts.adjustments.map((adjustment) => allowanceCharge(document, adjustment, adjustment)),
    element('ram:SpecifiedTradeSettlementHeaderMonetarySummation', [
      amount('ram:LineTotalAmount', amounts.linesMinor, document),
      !amounts.adjustments.some(({ kind }) => kind === 'charge')
        ? null
        : amount('ram:ChargeTotalAmount', amounts.chargesMinor, document),
      !amounts.adjustments.some(({ kind }) => kind === 'allowance')
        ? null
        : amount('ram:AllowanceTotalAmount', amounts.allowancesMinor, document),
      amount('ram:TaxBasisTotalAmount', amounts.netMinor, document),
      element('ram:TaxTotalAmount', amountText(amounts.taxMinor, document), {
        currencyID: document.currency,
      }),
      accountingTax &&
        element('ram:TaxTotalAmount', majorAmount(accountingTax.taxMinor, accountingTax.currency), {
          currencyID: accountingTax.currency,
        }),
      amounts.roundingMinor === 0 ? null : amount('ram:RoundingAmount', amounts.roundingMinor, document),
      amount('ram:GrandTotalAmount', amounts.grossMinor, document),
      amount('ram:TotalPrepaidAmount', amounts.paidMinor, document),
      amount('ram:DuePayableAmount', 0, document),
    ]),
    correctedInvoice &&
      element('ram:InvoiceReferencedDocument', [
        element('ram:IssuerAssignedID', correctedInvoice.number),
        element('ram:FormattedIssueDateTime', [dateTime('qdt', correctedInvoice.issueDate)]),
      ]),
  ]);
}

const categoryAndRate = ({ category, taxRate }: VatKey): (Element | null)[] => [
  element('ram:CategoryCode', category),
  optional('ram:RateApplicablePercent', rateOf(category, taxRate)),
];

const allowanceCharge = (document: TaxDocument, adjustment: Adjustment, vat: VatKey | null): Element => {
  const { kind, amountMinor, reason } = adjustment;
  const percentage = percentageOf(adjustment);
  return element('ram:SpecifiedTradeAllowanceCharge', [
    element('ram:ChargeIndicator', [element('udt:Indicator', String(kind === 'charge'))]),
    optional('ram:CalculationPercent', percentage?.percent),
    percentage && amount('ram:BasisAmount', percentage.baseMinor, document),
    amount('ram:ActualAmount', amountMinor, document),
    element('ram:Reason', reason),
    vat && element('ram:CategoryTradeTax', [element('ram:TypeCode', 'VAT'), ...categoryAndRate(vat)]),
  ]);
};

/** Format 102 is `20261130`. */
const dateTime = (namespace: 'udt' | 'qdt', day: string): Element =>
  element(`${namespace}:DateTimeString`, day.replaceAll('-', ''), { format: '102' });

/** CII's amounts have no currency of their own (CII-DT-031), but for the tax total's. */
const amount = (name: string, amountMinor: number, document: TaxDocument): Element =>
  element(name, amountText(amountMinor, document));
