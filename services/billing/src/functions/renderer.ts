import { consume } from '@fanfold/runtime/consume';
import { renderEach } from '../files/render.ts';
import { tableGuard } from '../store/mark.ts';

/** Makes the PDF of each document that was issued. */
export const handler = consume(['invoice.issued.v1', 'credit-note.issued.v1'], renderEach, tableGuard, false);
