import { pdfEndpoint } from '../files/show.ts';

export const handler = pdfEndpoint('credit-note');
