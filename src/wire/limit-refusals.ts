/** The refusals of the catalogue in `refusals.ts` for requests over a limit (P12). */
import { errorKind, type Catalogue, type ErrorKind } from './error-kind.ts';
import type { Limits } from './limits.ts';

const ofLimit = <const Facts extends readonly (string | number)[]>(
  what: (...facts: Facts) => string,
  remedy: string,
  ...example: NoInfer<Facts>
): ErrorKind<Facts, 'over-limit'> =>
  errorKind('over-limit', (...facts: Facts) => `Refused: ${what(...facts)}.`, remedy, ...example);

/** Something of a size, and the limit of that size. @param flag the setting that raises the limit */
const overSize = (what: (size: number) => string, flag: keyof Limits, size: number, limit: number) =>
  ofLimit(
    (size: number, limit: number) => `${what(size)}; the limit is ${limit}`,
    `Send less, or raise the limit: \`sleigh serve --limit ${flag}=NUMBER\` (P12).`,
    size,
    limit,
  );

/** Over a limit (P12). */
export const LIMIT = {
  value: overSize((bytes) => `a value of ${bytes} bytes`, 'valueBytes', 100, 50),
  argument: overSize((bytes) => `an argument of ${bytes} bytes`, 'nameBytes', 10_000, 9_999),
  arguments: overSize((count) => `${count} arguments`, 'argumentCount', 17, 16),
  metadata: overSize((bytes) => `metadata of ${bytes} bytes`, 'metadataBytes', 1_048_577, 1_048_576),
  workspace: overSize((bytes) => `the workspace holds ${bytes} bytes`, 'workspaceBytes', 100, 100),
  server: overSize((bytes) => `the server holds ${bytes} bytes`, 'serverBytes', 100, 100),
  memory: overSize((bytes) => `the server holds ${bytes} bytes in memory`, 'memoryBytes', 100, 100),
  clientMemory: overSize(
    (bytes) => `what this client has stored or made takes ${bytes} bytes in memory`,
    'clientMemoryBytes',
    100,
    100,
  ),
  workspaceMemory: overSize(
    (bytes) => `the workspace takes ${bytes} bytes in memory`,
    'workspaceMemoryBytes',
    100,
    100,
  ),
  incoming: overSize((bytes) => `requests that are coming in take ${bytes} bytes`, 'incomingBytes', 100, 100),
  unread: overSize(
    (bytes) => `what has come and is not read takes ${bytes} bytes`,
    'incomingBytes',
    100,
    100,
  ),
  workers: overSize((count) => `${count} workers`, 'workerCount', 200_000, 100_000),
  notKept: ofLimit(
    (error: string) => `a value that could not be kept: ${error}`,
    'The disk of `--tmp-dir` is full or fails: make room there (P12).',
    'ENOSPC: no space left on device',
  ),
} as const satisfies Catalogue;
