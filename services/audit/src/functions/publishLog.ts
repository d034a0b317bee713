import { lambda } from '@fanfold/runtime/lambda';
import { logger } from '@fanfold/runtime/logger';
import { reportingMisfits } from '../publish/misfit.ts';
import { publishLog } from '../publish/publishLog.ts';

/** Runs every minute, and by the stream of the table when a tile is complete. */
export const handler = lambda((event: object) =>
  reportingMisfits(async () => {
    const published = await publishLog('Records' in event ? 'size' : 'clock');
    logger.info('log published', published);
    return published;
  }),
);
