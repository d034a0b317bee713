import { environmentVariable } from '@fanfold/runtime/env';

export const tableName = () => environmentVariable('PAYMENTS_TABLE_NAME');
