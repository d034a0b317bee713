import { pdfEndpoint } from '../files/show.ts';

export const handler = pdfEndpoint('invoice');
