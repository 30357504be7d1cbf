const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not permitted',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file',
  ENOTFOUND: 'no such host',
};

/** An error in a few words, for people who have not seen the code. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message;
}
