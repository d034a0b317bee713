import { captureOutput } from '@fanfold/runtime/logFixtures';
import { ProofError } from '@fanfold/tlog/merkle';
import { NoteError } from '@fanfold/tlog/note';
import { TileError } from '@fanfold/tlog/tile';
import { expect, it } from 'vitest';
import { Misfit, noted, reportingMisfits } from './misfit.ts';

const { logged } = captureOutput();

it.each([new Misfit('no'), new ProofError('no'), new TileError('no')])(
  'a log that does not fit is reported in one line, not by failing: %o',
  async (error) => {
    expect(await reportingMisfits(() => Promise.reject(error))).toEqual({ misfits: 1 });
    expect(logged()).toMatchObject([{ level: 'ERROR', message: 'log does not fit', detail: 'no' }]);
    expect(logged()[0]).not.toHaveProperty('stack');
  },
);

it('any other failure is one, so that the function runs again', async () => {
  await expect(reportingMisfits(() => Promise.reject(new Error('no bucket')))).rejects.toThrow('no bucket');
  // A key that was changed while it signed, for example.
  await expect(reportingMisfits(() => Promise.reject(new NoteError('no key')))).rejects.toThrow('no key');
  expect(logged()).toEqual([]);
});

it('a stored note that is none does not fit', () => {
  const open = () => {
    throw new NoteError('no note');
  };
  expect(() => noted(open)).toThrow(Misfit);
});
