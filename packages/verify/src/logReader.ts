/** Reads the files of a log. */
export type LogReader = {
  /** A name for messages. */
  name: string;
  /**
   * The content of a path such as `checkpoint`; undefined when it does not exist.
   *
   * @param maxBytes of longer content, one byte more is returned and the rest is not
   * @throws when it is unknown whether it exists
   */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
};
