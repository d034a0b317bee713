import { unknownRoute } from '@fanfold/runtime/http';

export const handler = unknownRoute();
