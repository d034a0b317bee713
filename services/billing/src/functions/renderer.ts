import { byType, consume } from '@fanfold/runtime/consume';
import { render } from '../files/render.ts';
import { tableGuard } from '../store/mark.ts';

/** Makes the PDF of each document that was issued. */
export const handler = consume(
  ['invoice.issued.v1', 'credit-note.issued.v1'],
  byType({ 'invoice.issued.v1': render, 'credit-note.issued.v1': render }),
  tableGuard,
);
