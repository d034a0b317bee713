import { environmentVariable } from '@fanfold/runtime/env';

/** The log itself. */
export const tableName = () => environmentVariable('AUDIT_TABLE_NAME');

/** The keys that events are sealed with. */
export const keysTableName = () => environmentVariable('AUDIT_KEYS_TABLE_NAME');
