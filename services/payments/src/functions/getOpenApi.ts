import { documentEndpoint } from '@fanfold/runtime/http/document';
import document from '../../openapi.json' with { type: 'json' };

export const handler = documentEndpoint(document);
