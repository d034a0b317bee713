type Entries = { Id?: string }[];
type BatchInput = { Entries?: Entries; PublishBatchRequestEntries?: Entries };

/** What SNS and SQS answer to a call with several entries: that all were done, or all but one, of which they say why. */
export const confirms =
  (failed?: { Id: string; Code: string; Message?: string }) =>
  ({ Entries = [], PublishBatchRequestEntries = Entries }: BatchInput) => ({
    Successful: PublishBatchRequestEntries.filter(({ Id }) => Id !== failed?.Id).map(({ Id }) => ({ Id })),
    Failed: failed ? [{ ...failed, SenderFault: false }] : [],
  });
