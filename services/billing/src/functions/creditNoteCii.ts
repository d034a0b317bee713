import { xmlEndpoint } from '../files/show.ts';

export const handler = xmlEndpoint('credit-note', 'cii');
