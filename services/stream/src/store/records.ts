import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import { withoutPersonal } from '@fanfold/contracts/personal';
import { clientSettings } from '@fanfold/runtime/aws';
import { chunksOf, type Limits } from '@fanfold/runtime/batch';
import { environmentVariable } from '@fanfold/runtime/env';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html, with the keys of partitions */
const callLimits: Limits = { entries: 500, bytes: 4_500_000 };

/**
 * Puts events into the stream, each with its subject as the key of its partition, and without what is personal in it.
 *
 * @returns the error of each event that was not taken; the stream has the others
 */
export async function putRecords(events: EventOfType[]): Promise<Map<EventOfType, Error>> {
  const errors = new Map<EventOfType, Error>();
  const records = events.map((event) => ({
    event,
    data: Buffer.from(JSON.stringify(withoutPersonal(catalog[event.type].schema, event))),
  }));
  for (const chunk of chunksOf(
    records,
    ({ event, data }) => data.length + event.subject.length,
    callLimits,
  )) {
    try {
      const { Records = [] } = await kinesis.send(
        new PutRecordsCommand({
          StreamName: environmentVariable('STREAM_NAME'),
          Records: chunk.map(({ event, data }) => ({ Data: data, PartitionKey: event.subject })),
        }),
      );
      for (const [i, { event }] of chunk.entries()) {
        const { SequenceNumber, ErrorCode = 'NotConfirmed', ErrorMessage = '' } = Records[i] ?? {};
        // Only one with a number is in the stream.
        if (!SequenceNumber) errors.set(event, refusal(ErrorCode, ErrorMessage));
      }
    } catch (error) {
      for (const { event } of chunk) errors.set(event, error as Error);
    }
  }
  return errors;
}

/** An error with the name by which throttling is told from other trouble. */
const refusal = (code: string, message: string): Error =>
  Object.assign(new Error(`The stream took no record: ${code} ${message}`.trim()), { name: code });

// HTTP/1.1, as all clients here: by default this one alone would take HTTP/2, whose connection outlives a frozen instance.
const kinesis = /* @__PURE__ */ new KinesisClient({
  ...clientSettings,
  requestHandler: /* @__PURE__ */ new NodeHttpHandler(clientSettings.requestHandler),
});
