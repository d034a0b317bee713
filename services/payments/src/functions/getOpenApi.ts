import { documentEndpoint } from '@fanfold/runtime/http/document';
import { paymentMethods } from '#paymentMethods';
import document from '../../openapi.json' with { type: 'json' };
import { withPaymentMethods } from '../api/openApi.ts';

export const handler = documentEndpoint(withPaymentMethods(document, paymentMethods));
