const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'not permitted',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file',
  ENOTFOUND: 'no such host',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EIO: 'the device has failed',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is no folder',
  EMFILE: 'this process has no file descriptor left; "ulimit -n" shows and raises how many it may have',
  ENFILE: 'this machine has no file descriptor left',
  EAGAIN: 'this machine has no room for another process; "ulimit -u" shows how many there may be',
  ENOMEM: 'there is not enough memory',
};

/** An error in a few words, for users who do not know the code. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? error.message;
}
