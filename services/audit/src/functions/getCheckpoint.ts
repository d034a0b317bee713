import { publicEndpoint } from '@fanfold/runtime/http';
import { Refusal } from '@fanfold/runtime/refusal';
import { publishedCheckpoint } from '../publish/publishedCheckpoint.ts';
import { checkpointHeaders } from '../store/files.ts';

export const handler = publicEndpoint(async () => {
  const published = await publishedCheckpoint(new Date());
  if (!published)
    throw new Refusal(404, 'not_found', 'The log has no checkpoint yet. Ask again in a minute.');
  return { file: Buffer.from(published.note), ...checkpointHeaders };
});
