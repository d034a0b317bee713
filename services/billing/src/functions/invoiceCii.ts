import { xmlEndpoint } from '../files/show.ts';

export const handler = xmlEndpoint('invoice', 'cii');
