import type { Trace } from '@fanfold/contracts/event';
import { listFiles, readFile, writeIfMissing } from './files.ts';

/** The erasure of a data subject, and the order for it. */
export type Erasure = {
  merchantId: string;
  dataSubject: string;
  reason: string | null;
  operationId: string;
  erasedAt: string;
  trace: Trace;
};

/**
 * A file for each key that was destroyed, beside the files of the log: the bucket is not put back with tables. It says who
 * was erased and why, so it is served to nobody.
 */
const folder = 'erased/';

/** Says which key is about to be destroyed. Whatever an earlier attempt has written stays. */
export async function writeErasedKey(keyId: string, erasure: Erasure): Promise<void> {
  await writeIfMissing(`${folder}${keyId}`, Buffer.from(JSON.stringify(erasure)));
}

export async function* readErasedKeys(): AsyncGenerator<{ keyId: string; erasure: Erasure }> {
  for await (const path of listFiles(folder)) {
    const file = await readFile(path);
    if (file)
      yield { keyId: path.slice(folder.length), erasure: JSON.parse(String(Buffer.from(file.bytes))) };
  }
}
