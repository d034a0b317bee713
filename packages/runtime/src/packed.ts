import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/**
 * Items of which some attributes are packed: what no key, condition or filter needs, as compressed JSON. A write is billed for
 * each kilobyte, twice in a transaction, and an invoice as it is has three. All other binary attributes are not known here.
 */
type Item = { pk: string };

/** The attributes of an item, some of them packed. Those that are missing or null stay so. */
export function packedItem<T extends Item>(item: T, names: (keyof T)[]): Record<string, AttributeValue> {
  const packed = names.flatMap((name) => {
    const value = item[name];
    return value === undefined || value === null ? [] : [[name, pack(value, item.pk)]];
  });
  return marshall({ ...item, ...Object.fromEntries(packed) }, { removeUndefinedValues: true });
}

/**
 * An item as it was before some of its attributes were packed; one from before there were any as it is. From a stream or from
 * an answer of the table.
 *
 * @throws when what is packed is broken, or of a later version
 */
export function unpackedItem(attributes: Record<string, AttributeValue>): Record<string, unknown> {
  const plain = Object.entries(attributes).filter(([, { B }]) => B === undefined);
  const pk = attributes.pk?.S ?? '';
  const unpacked = Object.entries(attributes).flatMap(([name, { B }]) =>
    B === undefined ? [] : [[name, unpack(bytesOf(B), pk)]],
  );
  return { ...unmarshall(Object.fromEntries(plain)), ...Object.fromEntries(unpacked) };
}

/** Streams give functions bytes in base64, whatever the type says. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const bytesOf = (binary: Uint8Array | string): Uint8Array =>
  typeof binary === 'string' ? Buffer.from(binary, 'base64') : binary;

/** The first byte, by which another way of packing could be told from this one. */
const version = 1;

function pack(value: unknown, pk: string): Uint8Array {
  const bytes = deflateRawSync(JSON.stringify(value, asStored), { level: 9, dictionary: dictionaryOf(pk) });
  return Buffer.concat([Buffer.of(version), bytes]);
}

function unpack(bytes: Uint8Array, pk: string): unknown {
  if (bytes[0] !== version) throw new Error(`${pk} was packed by a later version, which has to read it`);
  return JSON.parse(inflateRawSync(bytes.subarray(1), { dictionary: dictionaryOf(pk) }).toString());
}

/** DynamoDB has no lone surrogates, which JSON allows: whether they are packed or not, texts stay the same. */
const asStored = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value;

/** An item's key is in what refers to it as well. */
const dictionaryOf = (pk: string): Buffer => Buffer.from(dictionary + pk);

/**
 * What most items have in common, with which they take half the space: payments, credit notes and invoices without their values,
 * what is nearest to the end for the fewest bits. **It never changes**, as what was packed with it is read with it; another one
 * would need another version.
 */
const dictionary = [
  '{"adjustments":[{"kind":"charge","amountMinor":0,"reason":"","percent":"","baseMinor":0}],"discount":{"amount":0,"reason":"","percent":""},',
  '"charge":null,"accountingTax":{"currency":"EUR","taxMinor":0,"rate":"","source":""},"exemption":{"code":"","text":""},"isSimplified":true,',
  '"exemptionCode":null,"exemptionReason":null,"delivery":{"date":"","address":{"city":"","postalCode":"","country":""}},"rounding":0,',
  '"card":{"lastDigits":"","network":""},"bankAccount":{"holder":"","account":"","bic":null},"logo":{"sha256":"","format":"png","alternativeText":""},',
  '"reverses":{"creditNoteId":"cn_","creditNoteNumber":"CN-","refundId":"re_"},"reversedBy":{"invoiceId":"inv_","invoiceNumber":"INV-"},',
  '"profile":"xrechnung","profile":"peppol","type":"individual","ITEM","H87","AE","12.00","6.00","9.00","0.00","19.00","20.00","7.00",',
  '{"customer":{"name":"","email":"@example.com","taxId":null,"vatId":null,"electronicAddress":null,"address":{"line1":"","line2":null,"city":"",',
  '"postalCode":"","state":null,"country":"DE"}},"description":null,"lines":[{"description":"","quantity":1,"unitAmount":00,"taxRate":"21.00"}],',
  '"order":{"pricesIncludeTax":false,"lines":[{"description":"","itemId":null,"quantity":"1","unit":"C62","unitPrice":"","taxRate":"21.00",',
  '"taxCategory":"S","exemptionCode":null,"exemptionReason":null,"discount":null,"charge":null}],"vat":null,"roundingAmount":0,"buyerReference":null,',
  '"orderReference":null,"delivery":null,"exchange":null,"discount":null,"charge":null},"metadata":{},"requests":{"pay_":{"fingerprint":"",',
  '"failure":{"code":"card_declined","message":"","declineCode":""}}},"history":[{"type":"payment.authorized.v1","time":"","trace":{"correlationid":"req_",',
  '"causationid":"req_","traceparent":"00-"},"expiresAt":""},{"type":"payment.refunded.v1","time":"","refundId":"re_"},{"type":"payment.captured.v1","time":"',
  '","trace":{"correlationid":"req_","causationid":"req_","traceparent":"00-01"}}],"pm_card_visa","failure":null}},"history":[],"order":{"pricesIncludeTax":false,',
  '"lines":null,"vat":null,"roundingAmount":0,"buyerReference":null,"orderReference":null,"delivery":null,"exchange":null},"metadata":{},"requests":{',
  '{"id":"cn_","number":"CN-","series":"CN-","issueDate":"","invoiceId":"inv_","invoiceNumber":"INV-","paymentId":"pay_","refundId":"re_","orderId":"",',
  '"customer":{"reason":null,"amount":0,"totals":{"createdAt":"","lines":[{"taxDocument":{"kind":"credit-note","correctedInvoice":{"number":"INV-","issueDate":""},',
  '{"trace":{"correlationid":"req_","causationid":"pay_',
  ':1","traceparent":"00-01"},"number":"INV-2026-000","series":"INV-2026","issueDate":"2026-","paymentId":"pay_","orderId":"","currency":"EUR",',
  '"customer":{"name":"","email":"","taxId":null,"address":{"line1":"","line2":null,"city":"","postalCode":"","state":null,"country":""}},',
  '"lines":[{"description":"","quantity":1,"unit":"C62","unitAmount":00,"net":00,"taxRate":"21.00","taxCategory":"S","tax":0,"gross":00}],',
  '"totals":{"net":00,"tax":0,"gross":00,"taxByRate":[{"rate":"21.00","net":00,"tax":0,"category":"S"}]},"createdAt":"2026-","taxDocument":{',
  '"kind":"invoice","number":"INV-","issueDate":"2026-","currency":"EUR","seller":{"legalName":"","tradeName":"","address":{"line1":"","line2":null,',
  '"city":"","postalCode":"","state":null,"country":""},"vatId":"","registration":{"id":"","scheme":"0208"},"contact":{"name":"","telephone":"+",',
  '"email":""},"electronicAddress":{"scheme":"0208","id":""},"bankAccount":null,"numberingPrefix":null,"invoiceLanguage":"en","legalNote":"",',
  '"simplifiedInvoices":false},"buyer":{"name":"","email":null,"address":{"line1":null,"line2":null,"city":"","postalCode":null,"state":null,"country":""},',
  '"vatId":null,"electronicAddress":null},"buyerReference":null,"orderReference":"","delivery":null,"correctedInvoice":null,"card":null,"notes":[],',
  '"accountingTax":null,"amounts":{"lines":[{"category":"S","taxRate":"21.00","description":"","itemId":null,"quantity":"1","unitCode":"C62",',
  '"unitPrice":".00","adjustments":[],"netMinor":00}],"adjustments":[],"vat":[{"category":"S","taxRate":"21.00","net":00,"tax":0,"exemption":null}],',
  '"linesMinor":0,"allowancesMinor":0,"chargesMinor":0,"netMinor":0,"taxMinor":0,"grossMinor":0,"paidMinor":0,"roundingMinor":0}},"sellerVersion":1,',
  '"happenedOn":"2026-","trace":{"correlationid":"req_","causationid":"pay_',
  ':1","traceparent":"00-01"},"files":{"electronic":{"available":true,"reason":null},"documents":[{"format":"ubl","profile":"en16931","sha256":"',
  '"},{"format":"cii","profile":"en16931","sha256":""}]}}',
].join('');
