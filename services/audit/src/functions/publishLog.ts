import { lambda } from '@fanfold/runtime/lambda';
import { logger } from '@fanfold/runtime/logger';
import { publishLog } from '../publish/publishLog.ts';

/** Runs every minute, and by the stream of the table when a tile is complete. */
export const handler = lambda(async (event: object) => {
  const published = await publishLog('Records' in event ? 'size' : 'clock');
  logger.info('log published', published);
  return published;
});
