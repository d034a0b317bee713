import { environmentVariable } from '@fanfold/runtime/env';

export const tableName = () => environmentVariable('AUDIT_TABLE_NAME');

/** The keys that events are encrypted with. */
export const keysTableName = () => environmentVariable('AUDIT_KEYS_TABLE_NAME');
