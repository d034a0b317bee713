let current: AbortController | undefined;

/** Aborted by Ctrl-C or a request to end; a second one ends the process at once. It is one for all who ask before that. */
export function interruption(): AbortSignal {
  if (!current || current.signal.aborted) {
    const controller = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.once(name, () => controller.abort(new Error('Interrupted')));
    current = controller;
  }
  return current.signal;
}
