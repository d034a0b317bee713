import { lambda } from '@fanfold/runtime/lambda';
import { workTimeMs } from '@fanfold/runtime/schedule';
import { isMisfit } from '../publish/misfit.ts';
import { noteLost } from '../restore/noteLost.ts';
import { openEvents } from '../restore/openEvents.ts';
import { recordAgain } from '../restore/recordAgain.ts';
import { restoreErasures } from '../restore/restoreErasures.ts';
import { planLog, restoreLog } from '../restore/restoreLog.ts';
import { type RestoreRequest, restoreRequest } from '../restore/restoreRequest.ts';

/** Not part of the API: whoever may invoke it may write the log again, from what is published of it. */
export const handler = lambda(async (input: unknown, context) => {
  const isTimeUp = () => context.getRemainingTimeInMillis() < workTimeMs;
  try {
    return await restore(restoreRequest.parse(input), isTimeUp);
  } catch (error) {
    // What cannot be restored is an answer, and not a failure of the function.
    if (isMisfit(error)) return { misfit: error.message };
    throw error;
  }
});

function restore(request: RestoreRequest, isTimeUp: () => boolean): Promise<object> {
  switch (request.restore) {
    case 'plan':
      return planLog();
    case 'entries':
      return restoreLog(isTimeUp);
    case 'moved':
      return recordAgain(request.after, new Date());
    case 'erasures':
      return restoreErasures(request.dryRun);
    case 'open':
      return openEvents();
    case 'lost':
      return noteLost(request.numbers, new Date());
  }
}
