import { ownerOf } from '@fanfold/contracts/event';
import { cloudOf } from '../aws/cloud.ts';
import { traceOf } from '../operations/trace.ts';
import { print, printHeading, printJson } from '../terminal.ts';
import { merchantOf } from './arguments.ts';
import { linesOf } from './flowText.ts';

type Options = { stage: string; region?: string; merchant?: string; json?: true };

/**
 * `fanfold trace`: shows the flows that something had part in, from what audit has recorded.
 *
 * @throws UsageError when there is no such stage, or it has no merchant by itself
 * @throws when nothing is recorded of it
 */
export async function trace(id: string, { merchant, json, ...place }: Options): Promise<void> {
  const { stage } = place;
  const merchantId = ownerOf(id) ?? merchantOf(stage, merchant);
  const { flows, isErased } = await traceOf(await cloudOf(place), id, merchantId);
  if (json) {
    printJson({ stage, id, flows });
    return;
  }
  for (const [i, flow] of flows.entries()) {
    const [heading = '', ...lines] = linesOf(flow);
    if (i > 0) print('');
    printHeading(heading);
    print(...lines);
  }
  if (isErased) {
    print('', 'Erased: nobody can read the content and the causes of these events any more.');
  }
}
