/** Aborted by Ctrl-C or a request to end; a second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(name, () => controller.abort(new Error('Interrupted')));
  return controller.signal;
}
