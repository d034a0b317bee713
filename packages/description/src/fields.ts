/**
 * What each member of a request, an answer or an event is, by its name. A member has one meaning wherever it is; where it
 * has another, what it is in goes before: `<member>.<name>` or `<schema>.<name>` before `<name>`.
 */
export const fieldDescriptions: Record<string, string> = {
  // Objects of the APIs.
  object: 'The kind of object.',
  id: 'The id of the object.',
  createdAt: 'When it was created: RFC 3339, in UTC.',
  updatedAt: 'When it last changed: RFC 3339, in UTC.',
  version: 'How often the object was written, from 1.',
  status: 'The state that it is in.',
  'Payment.status':
    'The state of the payment. `processing`: the outcome at the payment provider is not known yet, and is found out within minutes.',
  'Refund.status':
    'The state of the refund. `pending`: the outcome at the payment provider is not known yet, and is found out within minutes.',
  'Invoice.status': 'Whether credit notes have taken back nothing, a part, or all of the invoice.',

  // Money. An amount is never a fraction: it counts minor units.
  amount: 'Amount in the minor unit of the currency: cents for EUR, yen for JPY.',
  'PaymentRequest.amount': 'Amount to pay, with tax, in the minor unit of the currency: 12100 is 121.00 EUR.',
  'CaptureRequest.amount':
    'Amount to capture, in the minor unit of the currency. Without it, all that was authorized.',
  'RefundRequest.amount':
    'Amount to refund, in the minor unit of the currency. Without it, what the lines make, or all that is left.',
  amountCaptured: 'Amount that was captured, in the minor unit of the currency.',
  amountRefunded: 'Amount that was refunded so far, in the minor unit of the currency.',
  currency: 'Active ISO 4217 code, in capital letters.',
  net: 'Amount without tax, in the minor unit of the currency.',
  tax: 'Amount of the tax, in the minor unit of the currency.',
  gross: 'Amount with tax, in the minor unit of the currency.',
  totals: 'The sums.',
  taxByRate: 'The sums of each tax rate.',
  rate: 'Tax rate in percent, with up to four decimals.',
  taxRate: 'Tax rate in percent, with up to four decimals, as text.',
  captured: 'Amount captured, in the minor unit of the currency.',
  refunded: 'Amount refunded, in the minor unit of the currency.',
  reversed:
    'Amount of the refunds that failed after they had succeeded, in the minor unit of the currency; missing when there were none.',

  // What is paid.
  paymentMethod: 'The id of the payment method. Card numbers are never accepted.',
  captureMethod:
    '`automatic`: the money is taken at once. `manual`: it is reserved, to be captured within seven days.',
  merchantId: 'The merchant to whom it belongs.',
  orderId: 'The id of the order in the merchant’s own system.',
  description: 'What it is for, in words.',
  customer: 'Who pays.',
  name: 'Name of a person or company.',
  email: 'Email address.',
  taxId: 'Tax number as the merchant writes it. It is kept and shown, and checked by nobody.',
  'electronicAddress.id': 'The address, as its scheme has it.',
  'Customer.type': 'Whether a company or a consumer pays.',
  'CustomerRequest.type': 'Whether a company or a consumer pays.',
  address: 'Postal address.',
  line1: 'First line of the address, such as street and number.',
  line2: 'Second line of the address.',
  city: 'City or town.',
  postalCode: 'Postal code.',
  state: 'State, province or region.',
  country: 'ISO 3166-1 alpha-2 code of the country.',
  lines: 'What was ordered, line by line.',
  quantity: 'How many units.',
  'LineRequest.quantity':
    'How many units, with up to four decimals: `2`, or `"1.5"` as text. Negative in a line that takes something off.',
  unitAmount: 'Price of one unit without tax, in the minor unit of the currency.',
  'LineRequest.unitAmount':
    'Price of one unit; without tax, unless `pricesIncludeTax`. A number counts the minor unit of the currency and is whole: `5000` is 50.00 EUR. A text is in the major unit, with a decimal point and up to six decimals: `"50.00"` is the same, and `"0.0035"` is 0.35 cents. When it is negative, the line takes something off.',
  unitPrice: 'Price of one unit in the major unit of the currency, with up to six decimals.',
  unit: 'Unit of the quantity, a code of UN/ECE Recommendation 20: `C62` (pieces, the default), `HUR` (hours).',
  itemId: 'The merchant’s id of what is sold.',
  taxCategory:
    'Category of VAT (UNCL5305): `S` standard and reduced rates, `Z` zero-rated, `E` exempt, `AE` reverse charge, `K` intra-community supply, `G` export, `O` not subject to VAT, `L` Canary Islands, `M` Ceuta and Melilla. Without it, `S`, or `Z` at rate 0.',
  category: 'Category of VAT (UNCL5305).',
  exemptionCode: 'Why there is no VAT, as a code of the list VATEX, such as VATEX-EU-132.',
  exemptionReason: 'Why there is no VAT, in words. Category `E` needs this or a code.',
  discount:
    'What the line is reduced by as a whole, in the minor unit of the currency, or as a percentage of quantity times price.',
  charge:
    'What the line is raised by as a whole, in the minor unit of the currency, or as a percentage of quantity times price.',
  'PaymentRequest.discount':
    'What the whole order is reduced by, in the minor unit of the currency, or as a percentage of the sum of its lines. Categories and rates share it in proportion.',
  'PaymentRequest.charge':
    'What the whole order is raised by, such as shipping, in the minor unit of the currency, or as a percentage of the sum of its lines. Categories and rates share it in proportion; what has a rate of its own is a line.',
  'Payment.discount': 'What the whole order is reduced by.',
  'Payment.charge': 'What the whole order is raised by.',
  'order.discount': 'What the whole order is reduced by; missing when nothing is taken off.',
  'order.charge': 'What the whole order is raised by; missing when nothing is added.',
  discounts: 'What the whole is reduced by, without tax, in each category and rate.',
  charges: 'What the whole is raised by, without tax, in each category and rate.',
  percent: 'The percentage that it was said as, with up to four decimals.',
  pricesIncludeTax:
    'Whether unit amounts, discounts and charges include tax. The tax of a category and rate is then gross × rate / (100 + rate), rounded once.',
  'PaymentRequest.taxRate':
    'Tax rate of the whole amount, which includes the tax, when there are no lines. Without it, 0.',
  'Payment.taxRate': 'Tax rate of the whole amount, which includes the tax, when there are no lines.',
  vat: 'The VAT within the whole amount, when there are no lines.',
  roundingAmount:
    'By how much the amount differs from what the lines add up to with tax, where cash is rounded, in the minor unit of the currency.',
  rounding: 'By how much what was paid differs from `gross`, in the minor unit of the currency.',
  buyerReference: 'What the buyer wants to find on the invoice, such as a Leitweg-ID.',
  orderReference: 'The buyer’s own number of the order. Without it, invoices have `orderId` in its place.',
  delivery: 'When and where it was delivered.',
  exchange:
    'The rate of exchange to the currency in which the seller accounts for VAT, when the payment has another.',
  'ExchangeRequest.rate': 'How much one of the payment’s currency is in the other.',
  'exchange.rate': 'How much one of the payment’s currency is in the other.',
  'ExchangeRequest.source': 'Where the rate is from, such as `ECB, 2026-11-27`.',
  'exchange.source': 'Where the rate is from.',
  order:
    'What was ordered, beside the customer and plain lines. It is the authority. Payments from before lines had categories have none.',
  'order.lines': 'The lines, when they are not plain; null otherwise.',
  line: 'Which line of the order, from 1.',
  'RefundRequest.lines':
    'What is given back, line by line: a quantity, an amount, or without both all that is left of the line. Without lines, the refund is of all lines in proportion.',
  'RefundLineRequest.amount': 'Amount to give back of the line, with tax, in the minor unit of the currency.',
  'RefundLineRequest.quantity': 'How many are given back, with up to four decimals.',
  'Refund.lines': 'What is given back of each line; missing when it is of all in proportion.',
  credit:
    'What is given back of each line, where it or an earlier refund of the payment says so; missing when it is of all in proportion.',
  'credit.lines': 'What is given back, line by line.',
  creditedBefore:
    'What refunds before it gave back of each category and rate, with tax, in the order of the invoice: the highest rate first.',
  metadata:
    'Texts of the merchant by names of the merchant, up to 20. They are kept and shown, and have no effect.',

  // What became of a payment.
  failure: 'Why the payment failed; null unless it did.',
  'Refund.failure': 'Why the refund failed; missing unless it did.',
  nextAction:
    'What the customer has to do before the payment goes on, such as to authenticate with the bank; null unless there is something.',
  'Payment.nextAction.type': 'The kind of action, such as `redirect_to_url`.',
  'Payment.nextAction.url': 'Where the customer does it.',
  reversalInvoiceNumber:
    'Number of the invoice that charges again what the credit note gave back; null until it is issued, missing unless the refund failed after it had succeeded.',
  cancellationReason: 'Why the authorization was given up; null unless it was.',
  expiresAt: 'When the authorization expires: RFC 3339, in UTC.',
  refunds: 'The refunds of the payment, the oldest first.',
  reason: 'Why, in words.',
  declineCode: 'Why the card was declined, in the payment provider’s terms.',
  message: 'What happened, for people.',
  paymentId: 'The id of the payment.',
  paymentStatus: 'The state that the payment is in.',
  refund: 'The refund.',
  refundId: 'The id of the refund.',

  // Documents.
  number: 'The number of the document. Numbers of a merchant and year have no gaps.',
  series: 'The series that the number belongs to.',
  issueDate: 'The day on which it was issued (UTC).',
  invoiceId: 'The id of the invoice.',
  invoiceNumber: 'The number of the invoice; null until it is issued.',
  'CreditNote.invoiceNumber': 'The number of the invoice.',
  'credit-note.issued.v1.invoiceNumber': 'The number of the invoice.',
  creditNoteId: 'The id of the credit note.',
  creditNoteNumber: 'The number of the credit note; null until it is issued.',
  reversedBy:
    'The invoice that charges the credit note again, because its refund has failed after it had succeeded; missing unless it has.',
  'CreditNote.reversedBy.invoiceNumber': 'The number of the invoice.',
  'Invoice.creditNotes.reversedBy.invoiceNumber': 'The number of the invoice.',
  reverses:
    'The credit note whose amounts the invoice charges again, because its refund has failed after it had succeeded; missing in the invoice of a payment.',
  'Invoice.reverses.creditNoteNumber': 'The number of the credit note.',
  'invoice.issued.v1.reverses.creditNoteNumber': 'The number of the credit note.',
  creditNotes: 'The credit notes of the invoice.',
  documents: 'The XML files that the document was issued with. They never change.',
  format: 'The format of the file.',
  profile:
    'The rules that the file fulfils: those of EN 16931 alone, or what Peppol BIS Billing or XRechnung add to them.',
  sha256: 'SHA-256 of the bytes of the file, in hexadecimal.',
  path: 'Where the API of billing shows the file.',
  electronic: 'Whether the document exists as XML for accounting systems.',
  available: 'Whether it does.',
  'invoice.issued.v1.electronic.reason': 'Why it does not, in words; null when it does.',
  'credit-note.issued.v1.electronic.reason': 'Why it does not, in words; null when it does.',
  recipient: 'Whom the document is for, as services that send it need it.',
  electronicAddress: 'Address in a network of electronic documents; null when there is none.',
  scheme: 'The code of the kind of address, such as 0208 for a Belgian enterprise number.',
  'invoice.issued.v1.recipient.electronicAddress.id': 'The address itself.',
  'invoice.rendered.v1.recipient.electronicAddress.id': 'The address itself.',
  'credit-note.issued.v1.recipient.electronicAddress.id': 'The address itself.',
  'credit-note.rendered.v1.recipient.electronicAddress.id': 'The address itself.',
  isCopy:
    'Whether the document was issued before documents had a PDF. Then it is marked as a copy of what was issued.',

  // Sellers.
  seller: 'Who issues the documents.',
  'Seller.version': 'Counts the sellers that the merchant has put, from 1. 0 is the default of the stage.',
  'Seller.updatedAt': 'When it was put: RFC 3339, in UTC; null for the default of the stage.',
  'seller.changed.v1.version':
    "Counts the merchant's sellers from 1. Of several events the one with the highest version holds.",
  legalName: 'The name by which it is registered.',
  tradeName: 'The name by which it trades; null when that is the legal one.',
  vatId: 'VAT id with the code of its country, such as BE0403019261. Its form and check digits are checked.',
  registration: 'The number in a register of companies.',
  contact: 'Whom to ask about a document.',
  telephone: 'Telephone number.',
  bankAccount: 'The account for transfers.',
  account: 'The number of the account: the IBAN where the country has them.',
  bic: 'The BIC of the bank.',
  holder: 'Who holds the account; null when it is the seller.',
  numberingPrefix:
    'What the numbers of its documents begin with: `ACME` for `ACME-INV-2026-000001`. Each prefix has its own series without gaps. A merchant can have up to twelve, and go back to an earlier one.',
  invoiceLanguage: 'The language that documents are written in.',
  legalNote: 'What the law asks for on the documents of a company, such as its form, seat and court.',
  simplifiedInvoices:
    'Whether invoices are simplified where that is lawful: small ones to consumers in the seller’s country, a member state of the EU, when the buyer’s address is not complete. When they are, what an invoice in full needs of the buyer’s address is asked for with each payment whose invoice cannot be simplified.',
  logo: 'What documents begin with, in place of the name.',
  'logo.data':
    'The bytes of a PNG or JPEG in base64, at most 65536, without interlacing and of up to 2000 pixels a side; of a PNG at most 8 bits a colour, and all 8 where its palette has transparent entries. Without them, `sha256` has to be that of the current logo, which then stays.',
  'logo.sha256': 'SHA-256 of the bytes of the logo, in hexadecimal.',
  contentType: 'Media type.',
  alternativeText: 'What the logo shows, for who does not see it. Without it, the name of the seller.',
  isSimplified:
    'Whether the invoice says less about the buyer than one in full, as the law allows of small ones.',

  // Lists.
  data: 'The objects of the page.',
  hasMore: 'Whether there are more objects behind this page.',
  limit: 'How many objects a page has at most.',
  startingAfter:
    'The id of the last object of the page before. Without it, the list begins at its beginning.',

  // Problems, https://www.rfc-editor.org/rfc/rfc9457
  'Problem.type': 'A URI for the kind of problem. It cannot be opened; `code` says the same.',
  'Problem.title': 'The meaning of the HTTP status.',
  'Problem.status': 'The HTTP status.',
  'Problem.detail': 'What is wrong and what to do, for people. The wording may change.',
  'Problem.instance': 'The request, as a URI reference.',
  'Problem.code': 'The kind of problem, for programs.',
  requestId: 'The id of the request, as in the header Request-Id. Name it when you ask for help.',
  errors: 'What is wrong with each field.',
  rule: 'The rule that the field breaks, where others know it: of EN 16931 (BR-…) or Peppol (PEPPOL-…).',
  pointer: 'The field, as a JSON Pointer in the fragment of a URI.',
  detail: 'What is wrong with the field.',
  code: 'The kind of failure, for programs.',

  // The CloudEvents envelope, https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
  specversion: 'The version of CloudEvents.',
  source: 'The service that published the event.',
  type: 'The type of the event, with its version.',
  subject: 'The id of the object that the event is about.',
  time: 'When it happened: RFC 3339, in UTC.',
  datacontenttype: 'The format of `data`.',
  sequence: 'The number of the event among those of its subject, from 1, with zeros in front to ten digits.',
  merchantid: 'The merchant to whom the event belongs.',
  correlationid: 'The id of the request, or of the run of a clock, with which everything began.',
  causationid: 'The id of what directly caused the event: a request, a run of a clock, or another event.',
  traceparent: 'The trace, as in the W3C Trace Context.',
  'Event.id': 'The id of the event: its subject, a colon and its number. A duplicate has the same id.',
  'Event.data': 'The facts, which depend on the type. Null when the event was erased.',
  recordedat: 'When the log recorded it: RFC 3339, in UTC.',
  position: 'Its position in the log, from 0, among the events of all merchants.',
  erased: 'That what the event said was made unreadable, by the order of an operator.',

  // Queries for events.
  correlationId: 'Only what began with this request or run of a clock.',
  from: 'The earliest time, inclusive: RFC 3339.',
  to: 'The end of the time, exclusive: RFC 3339.',

  // Events, https://github.com/cloudevents/spec: what only one of them has, or means otherwise.
  'payment.captured.v1.amount':
    'Amount that was authorized, in the minor unit of the currency. Less may have been captured.',
  'payment.captured.v1.amountCaptured': 'Amount that was taken, in the minor unit of the currency.',
  'payment.captured.v1.lines':
    'What was paid for, with unit amounts that add up to `amount` with tax; null when the payment has no lines.',
  'payment.refunded.v1.amountRefunded':
    'Amount refunded of the payment, this refund included, in the minor unit of the currency.',
  'payment.refunded.v1.refund.id': 'The id of the refund.',
  afterFailures:
    'What follows from refunds of the payment that failed after they had succeeded; missing as long as none has.',
  failures: 'How many of them had failed before this refund succeeded.',
  'payment.refunded.v1.refund.afterFailures.vat':
    'What this refund takes back of each category and rate, in the order of the invoice: the highest rate first.',
  'payment.failed.v1.reason': 'Why the payment failed.',
  'payment.refund-failed.v1.amountRefunded':
    'Amount refunded of the payment, without this refund, in the minor unit of the currency.',
  'payment.refund-failed.v1.refund.id': 'The id of the refund.',
  'payment.refund-failed.v1.reason': 'Why the refund failed.',
  wasRefunded: 'Whether the refund had succeeded before: a `payment.refunded.v1` said so.',
  dispute: 'The dispute: a claim of the cardholder at the bank.',
  disputes: 'The claims of the cardholder at the bank, oldest first.',
  'Dispute.id': 'The id that the payment provider gave it.',
  'Dispute.amount': 'Amount in dispute, in the minor unit of the currency.',
  'Dispute.currency': 'Active ISO 4217 code of the dispute, in capital letters.',
  'Dispute.reason': 'What the cardholder claims, in the payment provider’s terms.',
  'Dispute.status':
    '`open` until the bank has decided; `won`: the merchant keeps the money; `lost`: the cardholder does.',
  'payment.dispute-opened.v1.dispute.id': 'The id that the payment provider gave it.',
  'payment.dispute-opened.v1.dispute.amount': 'Amount in dispute, in the minor unit of the currency.',
  'payment.dispute-opened.v1.dispute.reason': 'What the cardholder claims, in the payment provider’s terms.',
  'payment.dispute-closed.v1.dispute.id': 'The id that the payment provider gave it.',
  'payment.dispute-closed.v1.dispute.amount': 'Amount in dispute, in the minor unit of the currency.',
  'payment.dispute-closed.v1.dispute.reason': 'What the cardholder claims, in the payment provider’s terms.',
  openedAt: 'When the cardholder disputed the payment: RFC 3339, in UTC.',
  evidenceDueBy:
    'Until when the merchant can send evidence to the payment provider: RFC 3339, in UTC; null when none is asked for.',
  outcome: '`won`: the merchant keeps the money. `lost`: the cardholder does.',
  'payments.day-closed.v1.totals': 'What was captured and refunded on the day, by currency.',
  date: 'The day (UTC).',
  'payments.day-closed.v1.counts': 'How many events of each type happened on the day, by type.',
  'payments.difference-found.v1.date': 'The day (UTC) that it is about.',
  kind: '`only-at-provider`: money moved at the payment provider, and payments has it otherwise or not at all. `only-in-payments`: payments has a capture or refund that the provider does not have. `dispute-decided-otherwise`: a dispute that was closed has another outcome now. `not-observable`: nothing could be learned of a payment for a day, and its news were left out. `not-listed`: how many more differences the day has.',
  'payments.difference-found.v1.paymentId': 'The id of the payment; null when it is not known.',
  reference: 'The id that the payment provider gave the payment; null when it is not known.',
  movement: 'What moved at the payment provider; missing in other kinds.',
  'payments.difference-found.v1.movement.id': 'The id that the payment provider gave it.',
  'payments.difference-found.v1.movement.type':
    'Whether it was a charge, a refund, or a refund that came back.',
  'payments.difference-found.v1.movement.refundId': 'The id of the refund; null when it is none of ours.',
  'payments.difference-found.v1.dispute.id': 'The id that the payment provider gave it.',
  atProvider: 'The outcome as the payment provider has it.',
  inPayments: 'The outcome as payments has it, which stays.',
  since: 'Since when nothing could be learned of the payment: RFC 3339, in UTC; missing in other kinds.',
  'payments.difference-found.v1.count': 'How many more differences there are; missing in other kinds.',
  'audit.gap-found.v1.counts': 'The types whose number of events differs, with both numbers.',
  'audit.gap-found.v1.expected': 'How many payments counted.',
  'audit.gap-found.v1.found': 'How many the log has.',
  expected: 'What payments counted and added up.',
  found: 'What the documents add up to.',
  captures: 'How many captures.',
  parked: 'What has no documents so far because it waits for a seller.',
  'billing.reconciliation-failed.v1.missing':
    'What the seller lacks, by field (JSON Pointer) and rule. It is put by `PUT /seller`.',
  'billing.reconciliation-failed.v1.message': 'What is wrong with the field.',
  'billing.reconciliation-failed.v1.pointer':
    'The field of the seller, as a JSON Pointer; `/seller` when there is none.',
  'billing.reconciliation-failed.v1.refunds': 'How many refunds.',
  'billing.reconciliation-failed.v1.totals':
    'What was captured and refunded, by currency. Only currencies with captures or refunds.',
  'audit.number-twice.v1.documents':
    'The ids of both documents, in the order of the log; only the second one when the first is not known.',
  missing: 'Ids of events that must exist, because their subject has events with higher numbers.',
  missingCount: 'How many events are known to be missing, which may be more than `missing` lists.',
  dataSubject: 'The payment whose events were made unreadable, with those of its refunds and documents.',
  operationId: 'The order: the subject of an `operation.ordered.v1`.',
  command: 'The command of `./fanfold`.',
  stage: 'The stage.',
  orderedBy: 'The user of the laptop, or the ARN of the caller in AWS.',
  filters: 'How the messages were selected: options and their values.',
  'operation.ordered.v1.total':
    'How many messages the operation concerns, in all its parts. 0 when it is about none, or only a service will know, as with `republish`, `audit erase` and `restore`.',
  messages: 'The messages of this part.',
  messageId:
    'The id of the message in its queue, or the key of the object in its bucket; null for an event that is replayed.',
  'dead-letter.edited.v1.messageId': 'The id of the message in the queue.',
  'dead-letter.edited.v1.paymentId':
    'The payment that the event belongs to, or else its own subject: whoever erases that erases both bodies.',
  queue: 'The name of the queue where the message was a dead letter.',
  original: 'The body as it was, to the letter. It need not have been an event.',
  edited: 'The body that is sent instead, which is an event.',
  eventId: 'The id of the event; null when the message is none, or has several.',
};
