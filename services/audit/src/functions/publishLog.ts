import { lambda } from '@fanfold/runtime/lambda';
import { logger } from '@fanfold/runtime/logger';
import { publishLog } from '../publish/publishLog.ts';

/** Runs every minute, and with the table's stream when a tile was completed. */
export const handler = lambda(async (event: object) => {
  const published = await publishLog('Records' in event ? 'size' : 'clock');
  logger.info('log published', published);
  return published;
});
