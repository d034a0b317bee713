import { publicEndpoint } from '@fanfold/runtime/http';
import { Refusal } from '@fanfold/runtime/refusal';
import { parseTilePath, tilePath } from '@fanfold/tlog/tile';
import { readFile, tileHeaders } from '../store/files.ts';

export const handler = publicEndpoint(async ({ path = '' }) => {
  const tile = parseTilePath(`tile/${path}`);
  const file = tile && (await readFile(tilePath(tile)));
  if (!file) throw new Refusal(404, 'not_found', 'The log has no such tile, or none as wide yet.');
  return { file: file.bytes, isCompressible: true, ...tileHeaders };
});
