import { lambda } from '@fanfold/runtime/lambda';
import { listOf } from '@fanfold/runtime/list';
import { checkLog } from '../compare/checkLog.ts';
import { proofOf } from '../prove/proof.ts';
import { isMisfit, reportMisfit } from '../publish/misfit.ts';
import { eventResource } from '../query/eventResource.ts';
import { type ExportRequest, exportRequest } from '../query/exportRequest.ts';
import { load, loadOpenable } from '../store/events.ts';
import { loadTexts, readIndex } from '../store/exports.ts';
import { readGiven, readLost } from '../store/givenNumbers.ts';
import { find } from '../store/queries.ts';
import { readSeries } from '../store/series.ts';

/** Not part of the API, where a merchant sees its own events only: whoever may invoke it reads the whole log. */
export const handler = lambda((input: unknown, context) =>
  read(exportRequest.parse(input), () => context.getRemainingTimeInMillis() < answeringTimeMs),
);

/** Time to send the answer. */
const answeringTimeMs = 5000;

async function read(request: ExportRequest, isTimeUp: () => boolean) {
  switch (request.read) {
    case 'event': {
      const recorded = await load(request.merchantId, request.id);
      return recorded ? eventResource(recorded) : null;
    }
    case 'proof': {
      const openable = await loadOpenable(request.merchantId, request.id);
      // Null also when there is no such event, for `event` tells that.
      return { proof: (openable && (await proofOf(openable, new Date()).catch(failByMisfit))) ?? null };
    }
    case 'events': {
      const { items, hasMore } = await find(request.merchantId, request.query, isTimeUp);
      return listOf({ items: items.map(eventResource), hasMore });
    }
    case 'index':
      return readIndex(request, isTimeUp);
    case 'texts':
      return loadTexts(request.events);
    case 'log':
      return checkLog();
    case 'series':
      return readSeries(request.after);
    case 'given':
      return readGiven(request.after);
    case 'lost':
      return readLost(request.after);
  }
}

/** Whoever asked learns what does not fit. So do the operators. */
function failByMisfit(error: unknown): never {
  if (isMisfit(error)) reportMisfit(error);
  throw error;
}
