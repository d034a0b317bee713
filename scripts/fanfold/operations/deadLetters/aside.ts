import { type MessageAttributes, textAttributes } from '@fanfold/runtime/messageAttributes';
import { asideAttributes, type DeadLetter } from './deadLetter.ts';

/**
 * The attributes of a dead letter that is put aside, or without a reason restored: its own, what an operator says, and what its
 * new message would not tell any more, which is since when it is dead and how its consumer's log names it.
 */
export function attributesAside(
  { attributes, since, messageId, sourceMessageId }: DeadLetter,
  reason: string | null,
  now: Date,
): MessageAttributes {
  const { [asideAttributes.reason]: _, [asideAttributes.since]: __, ...own } = attributes;
  return {
    ...own,
    ...textAttributes({
      [asideAttributes.deadSince]: since,
      'quarantined-message-id': sourceMessageId ?? messageId,
      ...(reason !== null && {
        // Attributes take only characters that XML has, and reasons are checked by the same rule.
        [asideAttributes.reason]: reason,
        [asideAttributes.since]: now.toISOString(),
      }),
    }),
  };
}
