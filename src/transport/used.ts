import type { TemporaryFiles } from './temporary-files.ts';
import type { Unread } from './unread.ts';
import type { Uploads } from './uploads.ts';

/** The use of the transport's limits (P12), for metrics. */
export const usedBy = (
  sockets: number,
  unread: Pick<Unread<never>, 'bytes'>,
  { bytes, count, unwritten }: TemporaryFiles,
  uploads: Uploads,
) => ({
  sockets,
  unread: unread.bytes,
  files: count,
  fileBytes: bytes,
  unwritten,
  uploads: uploads.count,
});
