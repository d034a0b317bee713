import { beforeAll, describe, expect, test } from 'vitest';
import { bundleService, type FunctionBundle, functions } from './functionBundles.ts';
import { allOf, breaking, type Deployed, listed, one, servicesWithFunctions } from './stacks.ts';

/**
 * What each function may do, beside writing its own log and its traces. A permission that is missing here shows
 * only in AWS, where it makes a function fail; one too many shows never. So this is the list to think about.
 */
const permissions: Record<string, Record<string, string[]>> = {
  payments: {
    createPayment: [
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    capturePayment: [
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    cancelPayment: [
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    refundPayment: [
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    getPayment: ['dynamodb:GetItem table/fanfold-local-payments'],
    listPayments: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:Query table/fanfold-local-payments/index/ByMerchant',
    ],
    getOpenApi: [],
    unknownRoute: [],
    publisher: [
      'dynamodb:DescribeStream table/fanfold-local-payments/stream/local',
      'dynamodb:GetRecords table/fanfold-local-payments/stream/local',
      'dynamodb:GetShardIterator table/fanfold-local-payments/stream/local',
      'dynamodb:ListStreams table/fanfold-local-payments/stream/local',
      's3:ListBucket fanfold-local-eu-west-1-payments-stream-000000000000',
      's3:PutObject fanfold-local-eu-west-1-payments-stream-000000000000/*',
      'sns:Publish fanfold-local-events',
    ],
    consumer: [
      'dynamodb:GetItem table/fanfold-local-payments if mark',
      'dynamodb:UpdateItem table/fanfold-local-payments',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      'sqs:ChangeMessageVisibility fanfold-local-payments-events',
      'sqs:DeleteMessage fanfold-local-payments-events',
      'sqs:GetQueueAttributes fanfold-local-payments-events',
      'sqs:ReceiveMessage fanfold-local-payments-events',
      'sqs:SendMessage fanfold-local-payments-events-dead-letters',
    ],
    janitor: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:GetItem table/fanfold-local-payments if mark',
      'dynamodb:GetItem table/fanfold-local-payments-sandbox',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      'dynamodb:Query table/fanfold-local-payments/index/Due',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    expiry: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:GetItem table/fanfold-local-payments if mark',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments-sandbox',
      'dynamodb:Query table/fanfold-local-payments/index/Due',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    dayClose: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:GetItem table/fanfold-local-payments',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:Query table/fanfold-local-payments/index/ByDay',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    republish: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:Query table/fanfold-local-payments/index/ByDay',
      'dynamodb:UpdateItem table/fanfold-local-payments',
    ],
    restore: [
      'dynamodb:BatchGetItem table/fanfold-local-payments',
      'dynamodb:GetItem table/fanfold-local-payments if mark',
      'dynamodb:GetItem table/fanfold-local-payments-sandbox',
      'dynamodb:PutItem table/fanfold-local-payments',
      'dynamodb:Scan table/fanfold-local-payments',
      'dynamodb:Scan table/fanfold-local-payments-sandbox',
      'dynamodb:UpdateItem table/fanfold-local-payments',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    showPayment: ['dynamodb:GetItem table/fanfold-local-payments'],
    markTable: [
      'dynamodb:GetItem table/fanfold-local-payments if mark',
      'dynamodb:PutItem table/fanfold-local-payments if mark',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
    ],
  },
  billing: {
    getInvoice: ['dynamodb:GetItem table/fanfold-local-billing'],
    listInvoices: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:Query table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:Query table/fanfold-local-billing/index/ByOrder',
    ],
    getCreditNote: ['dynamodb:GetItem table/fanfold-local-billing'],
    listCreditNotes: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:Query table/fanfold-local-billing/index/ByMerchant',
    ],
    getSeller: ['dynamodb:GetItem table/fanfold-local-billing'],
    putSeller: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/logos/*',
    ],
    invoiceUbl: [
      'dynamodb:GetItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
    ],
    invoiceCii: [
      'dynamodb:GetItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
    ],
    invoicePdf: [
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:PutItem table/fanfold-local-billing if */pdf',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    creditNoteUbl: [
      'dynamodb:GetItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
    ],
    creditNoteCii: [
      'dynamodb:GetItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
    ],
    creditNotePdf: [
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:PutItem table/fanfold-local-billing if */pdf',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    queueRendering: [
      'dynamodb:DescribeStream table/fanfold-local-billing/stream/local',
      'dynamodb:GetRecords table/fanfold-local-billing/stream/local',
      'dynamodb:GetShardIterator table/fanfold-local-billing/stream/local',
      'dynamodb:ListStreams table/fanfold-local-billing/stream/local',
      'sqs:SendMessage fanfold-local-billing-renderer-events',
    ],
    renderer: [
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing if */pdf',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/logos/*',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
      'sqs:ChangeMessageVisibility fanfold-local-billing-renderer-events',
      'sqs:DeleteMessage fanfold-local-billing-renderer-events',
      'sqs:GetQueueAttributes fanfold-local-billing-renderer-events',
      'sqs:ReceiveMessage fanfold-local-billing-renderer-events',
      'sqs:SendMessage fanfold-local-billing-renderer-events-dead-letters',
    ],
    getOpenApi: [],
    unknownRoute: [],
    consumer: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing',
      'dynamodb:Query table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:Query table/fanfold-local-billing/index/Waiting',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
      'sqs:ChangeMessageVisibility fanfold-local-billing-events',
      'sqs:DeleteMessage fanfold-local-billing-events',
      'sqs:GetQueueAttributes fanfold-local-billing-events',
      'sqs:ReceiveMessage fanfold-local-billing-events',
      'sqs:SendMessage fanfold-local-billing-events-dead-letters',
    ],
    releaseParked: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing',
      'dynamodb:Query table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:Query table/fanfold-local-billing/index/Waiting',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
    ],
    findDocuments: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:Query table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:Query table/fanfold-local-billing/index/ByOrder',
    ],
    showDocuments: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing',
      'dynamodb:PutItem table/fanfold-local-billing if */pdf',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
      's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    republish: [
      'dynamodb:Scan table/fanfold-local-billing',
      'dynamodb:Scan table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:UpdateItem table/fanfold-local-billing',
    ],
    restore: [
      'dynamodb:BatchGetItem table/fanfold-local-billing',
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing',
      'dynamodb:Scan table/fanfold-local-billing/index/ByMerchant',
      'dynamodb:UpdateItem table/fanfold-local-billing',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
    ],
    publisher: [
      'dynamodb:DescribeStream table/fanfold-local-billing/stream/local',
      'dynamodb:GetRecords table/fanfold-local-billing/stream/local',
      'dynamodb:GetShardIterator table/fanfold-local-billing/stream/local',
      'dynamodb:ListStreams table/fanfold-local-billing/stream/local',
      's3:ListBucket fanfold-local-eu-west-1-billing-stream-000000000000',
      's3:PutObject fanfold-local-eu-west-1-billing-stream-000000000000/*',
      'sns:Publish fanfold-local-events',
    ],
    markTable: [
      'dynamodb:GetItem table/fanfold-local-billing if mark',
      'dynamodb:PutItem table/fanfold-local-billing if mark',
      's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
      's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
      's3:PutObject fanfold-local-eu-west-1-bus-marks-000000000000/billing',
    ],
  },
  archive: {
    consumer: [
      's3:PutObject fanfold-local-eu-west-1-archive-events-000000000000/*',
      'sqs:ChangeMessageVisibility fanfold-local-archive-events',
      'sqs:DeleteMessage fanfold-local-archive-events',
      'sqs:GetQueueAttributes fanfold-local-archive-events',
      'sqs:ReceiveMessage fanfold-local-archive-events',
      'sqs:SendMessage fanfold-local-archive-events-dead-letters',
    ],
  },
  stream: {
    consumer: [
      'dynamodb:BatchGetItem table/fanfold-local-stream',
      'dynamodb:UpdateItem table/fanfold-local-stream',
      'kinesis:PutRecords stream/fanfold-local-stream',
      'sqs:ChangeMessageVisibility fanfold-local-stream-events',
      'sqs:DeleteMessage fanfold-local-stream-events',
      'sqs:GetQueueAttributes fanfold-local-stream-events',
      'sqs:ReceiveMessage fanfold-local-stream-events',
      'sqs:SendMessage fanfold-local-stream-events-dead-letters',
    ],
  },
  audit: {
    listEvents: [
      'dynamodb:BatchGetItem table/fanfold-local-audit',
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit/index/ByCorrelation',
      'dynamodb:Query table/fanfold-local-audit/index/ByMerchant',
    ],
    getEvent: [
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit',
    ],
    getEventProof: [
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:Query table/fanfold-local-audit if cosignatures',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    getCheckpoint: [
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:Query table/fanfold-local-audit if cosignatures',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    getTile: [
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    getOpenApi: [],
    unknownRoute: [],
    exportEvents: [
      'dynamodb:BatchGetItem table/fanfold-local-audit',
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:Query table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit/index/ByCorrelation',
      'dynamodb:Query table/fanfold-local-audit/index/ByMerchant',
      'dynamodb:Scan table/fanfold-local-audit/index/ByMerchant',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    eraseSubject: [
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit if head',
      'dynamodb:PutItem table/fanfold-local-audit if erasure:*',
      'dynamodb:Query table/fanfold-local-audit',
      'dynamodb:UpdateItem table/fanfold-local-audit-keys',
      'never dynamodb:DeleteItem table/fanfold-local-audit',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/checkpoint',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
      's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/erased/*',
    ],
    consumer: [
      'dynamodb:BatchGetItem table/fanfold-local-audit',
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:PutItem table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit if entries,open,erasure:*,listed:*',
      'dynamodb:Query table/fanfold-local-audit/index/ByMerchant',
      'dynamodb:UpdateItem table/fanfold-local-audit if counted,entries,open',
      'dynamodb:UpdateItem table/fanfold-local-audit if head',
      'dynamodb:UpdateItem table/fanfold-local-audit-keys',
      'never dynamodb:DeleteItem table/fanfold-local-audit',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/checkpoint',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
      'sqs:ChangeMessageVisibility fanfold-local-audit-events',
      'sqs:DeleteMessage fanfold-local-audit-events',
      'sqs:GetQueueAttributes fanfold-local-audit-events',
      'sqs:ReceiveMessage fanfold-local-audit-events',
      'sqs:SendMessage fanfold-local-audit-events-dead-letters',
    ],
    restore: [
      'dynamodb:BatchGetItem table/fanfold-local-audit',
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:BatchWriteItem table/fanfold-local-audit',
      'dynamodb:DeleteItem table/fanfold-local-audit if entries',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:PutItem table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit',
      'dynamodb:Scan table/fanfold-local-audit',
      'dynamodb:UpdateItem table/fanfold-local-audit if head,open',
      'dynamodb:UpdateItem table/fanfold-local-audit-keys',
      'kms:GetPublicKey key/fanfold-local-audit-log',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
      's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/lost/*',
    ],
    publishLog: [
      'dynamodb:BatchGetItem table/fanfold-local-audit if series:*',
      'dynamodb:BatchWriteItem table/fanfold-local-audit if listed:*',
      'dynamodb:DescribeStream table/fanfold-local-audit/stream/local',
      'dynamodb:GetItem table/fanfold-local-audit',
      'dynamodb:GetRecords table/fanfold-local-audit/stream/local',
      'dynamodb:GetShardIterator table/fanfold-local-audit/stream/local',
      'dynamodb:ListStreams table/fanfold-local-audit/stream/local',
      'dynamodb:PutItem table/fanfold-local-audit if counted,series:*,finding:*',
      'dynamodb:Query table/fanfold-local-audit',
      'dynamodb:Query table/fanfold-local-audit/index/ByMerchant',
      'dynamodb:UpdateItem table/fanfold-local-audit if entries',
      'kms:GetPublicKey key/fanfold-local-audit-log',
      'kms:Sign key/fanfold-local-audit-log',
      'never dynamodb:DeleteItem table/fanfold-local-audit',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
      's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/*',
    ],
    witness: [
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:PutItem table/fanfold-local-audit-witness',
      'kms:GetPublicKey key/fanfold-local-audit-log',
      'kms:GetPublicKey key/fanfold-local-audit-witness',
      'kms:Sign key/fanfold-local-audit-witness',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    askWitnesses: [
      'dynamodb:GetItem table/fanfold-local-audit-witness',
      'dynamodb:PutItem table/fanfold-local-audit if cosignatures',
      'dynamodb:Query table/fanfold-local-audit if cosignatures',
      'dynamodb:UpdateItem table/fanfold-local-audit if cosignatures',
      'never dynamodb:DeleteItem table/fanfold-local-audit',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    checkEvents: [
      'dynamodb:BatchGetItem table/fanfold-local-audit',
      'dynamodb:BatchGetItem table/fanfold-local-audit-keys',
      'dynamodb:GetItem table/fanfold-local-audit if checked,entries,head',
      'dynamodb:PutItem table/fanfold-local-audit if checked',
      'dynamodb:Query table/fanfold-local-audit if entries,open,erasure:*,listed:*',
      'dynamodb:Scan table/fanfold-local-audit',
      'never dynamodb:DeleteItem table/fanfold-local-audit',
      's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
      's3:ListBucket fanfold-local-eu-west-1-audit-log-000000000000',
    ],
    publisher: [
      'dynamodb:DescribeStream table/fanfold-local-audit/stream/local',
      'dynamodb:GetRecords table/fanfold-local-audit/stream/local',
      'dynamodb:GetShardIterator table/fanfold-local-audit/stream/local',
      'dynamodb:ListStreams table/fanfold-local-audit/stream/local',
      's3:ListBucket fanfold-local-eu-west-1-audit-stream-000000000000',
      's3:PutObject fanfold-local-eu-west-1-audit-stream-000000000000/*',
      'sns:Publish fanfold-local-events',
    ],
  },
};

/** Permissions that a function's event source mapping uses, with the function's role. */
const usedByMappings =
  /^(dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams)|s3:PutObject \S+-stream|sqs:(DeleteMessage|GetQueueAttributes|ReceiveMessage)) ?/;

/** Permissions that are asked for by no call: with it, S3 says of what is missing that it is, and not that it is forbidden. */
const usedByNoCall = /^(never |s3:ListBucket )/;

/**
 * Calls in a bundle that have no action of their own: the S3 client makes the first one for directory buckets alone, and
 * `s3:ListBucket` allows the second.
 */
const withoutAction = ['s3:CreateSession', 's3:ListObjectsV2'];

type Statement = {
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  /** The items of a table that it is about, by the beginning of their keys. */
  Condition?: Record<string, { 'dynamodb:LeadingKeys'?: string[] }>;
};

const listOf = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

const logicalIdOf = (functionKey: string, suffix: string): string =>
  `${functionKey.charAt(0).toUpperCase()}${functionKey.slice(1)}${suffix}`;

const functionOf = (service: string, functionKey: string): Deployed =>
  one(service, logicalIdOf(functionKey, 'LambdaFunction'));

const roleOf = ({ service, Properties }: Deployed): Deployed => {
  const role = allOf('AWS::IAM::Role').find(
    (role) => role.service === service && Properties.Role.endsWith(`:role/${role.Properties.RoleName}`),
  );
  if (!role) throw new Error(`${service} has no role ${Properties.Role}`);
  return role;
};

const statementsOf = (role: Deployed): Statement[] =>
  role.Properties.Policies.flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
  );

/** Each action with each resource, as `dynamodb:GetItem table/fanfold-local-payments`. */
const grantsOf = (role: Deployed): string[] =>
  statementsOf(role)
    .flatMap(({ Effect, Action, Resource, Condition = {} }) =>
      listOf(Action).flatMap((action) =>
        listOf(Resource).map((resource) => {
          const items = Object.values(Condition).flatMap((keys) => keys['dynamodb:LeadingKeys'] ?? []);
          const what = resource.replace(/^arn:aws:[^:]*:[^:]*:[^:]*:/, '');
          const only = items.length > 0 ? ` if ${items.join()}` : '';
          return `${Effect === 'Deny' ? 'never ' : ''}${action} ${what}${only}`;
        }),
      ),
    )
    .sort();

const isForLogs = (grant: string): boolean => grant.startsWith('logs:');

describe('the role of a function', () => {
  test('is its own', () => {
    const roles = allOf('AWS::Lambda::Function').map(({ Properties }) => Properties.Role);
    expect(new Set(roles).size).toBe(roles.length);
  });

  test('is assumed by Lambda alone', () => {
    const keeps = ({ Properties: { AssumeRolePolicyDocument } }: Deployed) =>
      AssumeRolePolicyDocument.Statement.length === 1 &&
      listOf(AssumeRolePolicyDocument.Statement[0].Principal.Service).join() === 'lambda.amazonaws.com';
    expect(breaking(allOf('AWS::IAM::Role'), keeps)).toEqual([]);
  });

  test('holds nothing that is managed elsewhere', () => {
    const keeps = ({ Properties }: Deployed) => (Properties.ManagedPolicyArns ?? []).length === 0;
    expect(breaking(allOf('AWS::IAM::Role'), keeps)).toEqual([]);
  });

  test.each(listed(functions))(
    'allows $service $functionKey what the table says, and no more',
    ({ service, functionKey }) => {
      const grants = grantsOf(roleOf(functionOf(service, functionKey)));
      expect(grants.filter((grant) => !isForLogs(grant))).toEqual(permissions[service]?.[functionKey]);
    },
  );

  test.each(functions)('lets $service $functionKey log to its own group', ({ service, functionKey }) => {
    const group = `log-group:/aws/lambda/fanfold-${service}-local-${functionKey}:*:*`;
    const grants = grantsOf(roleOf(functionOf(service, functionKey)));
    expect(grants.filter(isForLogs)).toEqual([
      `logs:CreateLogGroup ${group}`,
      `logs:CreateLogStream ${group}`,
      `logs:PutLogEvents ${group}`,
    ]);
  });

  test('names every action, and every resource but those that have no name', () => {
    const wide = listed(allOf('AWS::IAM::Role'))
      .flatMap(statementsOf)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action, Resource }) =>
        listOf(Action).flatMap((action) => listOf(Resource).map((resource) => ({ action, resource }))),
      )
      .filter(({ action, resource }) => action.includes('*') || resource.includes('*'))
      .map(
        ({ action, resource }) =>
          `${action} ${resource.replace(/^arn:aws:[^:]*:[^:]*:[^:]*:|[^*/:]+(?=:\*:\*$)/g, '')}`,
      );
    expect(new Set(wide)).toEqual(
      new Set([
        // The streams of a log group, and the objects of a bucket, are made by who writes them.
        'logs:CreateLogGroup log-group:/aws/lambda/:*:*',
        'logs:CreateLogStream log-group:/aws/lambda/:*:*',
        'logs:PutLogEvents log-group:/aws/lambda/:*:*',
        's3:PutObject fanfold-local-eu-west-1-archive-events-000000000000/*',
        's3:GetObject fanfold-local-eu-west-1-audit-log-000000000000/*',
        's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/*',
        's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/erased/*',
        's3:PutObject fanfold-local-eu-west-1-audit-log-000000000000/lost/*',
        's3:PutObject fanfold-local-eu-west-1-audit-stream-000000000000/*',
        's3:PutObject fanfold-local-eu-west-1-payments-stream-000000000000/*',
        's3:PutObject fanfold-local-eu-west-1-billing-stream-000000000000/*',
        's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/logos/*',
        's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
        's3:GetObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
        's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/logos/*',
        's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/pdf/*',
        's3:PutObject fanfold-local-eu-west-1-billing-files-000000000000/xml/*',
      ]),
    );
  });

  test.each(servicesWithFunctions)(
    'that the framework makes for all functions of %s is empty and unused',
    (service) => {
      const shared = one(service, 'IamRoleLambdaExecution');
      expect(shared.Properties.Policies).toEqual([]);
      const users = allOf('AWS::Lambda::Function').filter((deployed) => roleOf(deployed) === shared);
      expect(users).toEqual([]);
    },
  );
});

test('whoever may invoke a function is named by ARN', () => {
  const keeps = ({ Properties: { Principal, SourceArn } }: Deployed) =>
    ['apigateway.amazonaws.com', 'events.amazonaws.com'].includes(Principal) && /^arn:aws:/.test(SourceArn);
  expect(breaking(allOf('AWS::Lambda::Permission'), keeps)).toEqual([]);
});

/** Of each service that is looked at, as names of environment variables are looked for in the text. */
const bundles = new Map<string, Promise<[string, FunctionBundle][]>>();

describe.each(functions)('the code of $service $functionKey', ({ service, functionKey }) => {
  /** What is left of the function's code after everything that it does not use has been shaken off. */
  let bundle: FunctionBundle;
  beforeAll(async () => {
    const ofService = bundles.get(service) ?? bundleService(service, false);
    bundles.set(service, ofService);
    bundle = new Map(await ofService).get(`${service} ${functionKey}`) as FunctionBundle;
  });

  test('calls what its role allows, and its role allows what it calls', () => {
    const actions = actionsIn(bundle);
    const allowed = grantsOf(roleOf(functionOf(service, functionKey)))
      .filter((grant) => !isForLogs(grant) && !usedByMappings.test(grant) && !usedByNoCall.test(grant))
      .map((grant) => grant.split(' ')[0]);
    expect(actions.filter((action) => !withoutAction.includes(action))).toEqual([...new Set(allowed)].sort());
  });

  test('finds in its environment what it asks for, and nothing else of ours', () => {
    const { Variables } = functionOf(service, functionKey).Properties.Environment;
    const given = Object.keys(Variables).filter((name) => !name.startsWith('POWERTOOLS_'));
    expect(environmentVariablesIn(bundle)).toEqual(given.sort());
    expect(Variables).toMatchObject({ POWERTOOLS_SERVICE_NAME: `fanfold-${service}` });
  });
});

const actionsIn = ({ paths, text }: FunctionBundle): string[] => {
  const commands = paths.flatMap((path) => {
    const [, client, command] = /client-([a-z0-9-]+)\/dist-es\/commands\/(\w+)Command\.js$/.exec(path) ?? [];
    return client && command ? [`${client}:${command}`] : [];
  });
  const objects = [...text.matchAll(/\bsend\("(\w+Object)"/g)].map(([, operation]) => `s3:${operation}`);
  return [...new Set([...commands.flatMap((command) => actionsOf(command, text)), ...objects])].sort();
};

const environmentVariablesIn = ({ text }: FunctionBundle): string[] =>
  [...new Set([...text.matchAll(/nvironmentVariable\("([A-Z_]+)"\)/g)].map(([, name = '']) => name))].sort();

/** The permissions that a command needs. Most are called like it. */
function actionsOf(command: string, code: string): string[] {
  switch (command) {
    // The client would ask for endpoints of its own if that were switched on.
    case 'dynamodb:DescribeEndpoints':
      return [];
    case 'sns:PublishBatch':
      return ['sns:Publish'];
    case 'sqs:SendMessageBatch':
      return ['sqs:SendMessage'];
    case 'sqs:ChangeMessageVisibilityBatch':
      return ['sqs:ChangeMessageVisibility'];
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    case 'dynamodb:TransactWriteItems':
      return ['Put', 'Update', 'Delete', 'ConditionCheck']
        .filter((write) => new RegExp(`\\b${write}: \\{`).test(code))
        .map((write) =>
          write === 'ConditionCheck' ? 'dynamodb:ConditionCheckItem' : `dynamodb:${write}Item`,
        );
    default:
      return [command];
  }
}
