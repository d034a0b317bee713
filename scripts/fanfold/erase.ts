import { cloudOf, invoke } from './cloud.ts';
import { order, trailOf } from './operation.ts';
import { print, printJson } from './terminal.ts';

type Options = { stage: string; merchant: string; reason?: string; json?: true };

/**
 * `fanfold audit erase`: makes unreadable what the log has of a subject and of whom it is about.
 *
 * @throws when nothing is recorded of it, or it could not be erased; then it may be ordered again
 */
export async function erase(subject: string, { stage, merchant, reason, json }: Options): Promise<void> {
  const cloud = await cloudOf(stage);
  const operationId = await order(cloud, {
    command: 'audit erase',
    reason: reason ?? null,
    filters: { subject, merchant },
    messages: [],
  });
  const asked = { merchantId: merchant, subject, reason: reason ?? null, operationId };
  const erasures = (await invoke(cloud, 'audit', 'eraseSubject', asked)) as {
    dataSubject: string;
    erasedAt: string;
    operationId: string;
  }[];
  if (json) {
    const erased = erasures.map(({ dataSubject, erasedAt, operationId }) => ({
      dataSubject,
      erasedAt,
      operationId,
    }));
    printJson({ stage, operationId, erased });
    return;
  }
  for (const { dataSubject, erasedAt, operationId: by } of erasures) {
    print(`${dataSubject}: erased at ${erasedAt}${by === operationId ? '' : ` by ${by}`}`);
  }
  print(trailOf(stage, operationId));
}
