import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import type { Change } from '../store/change.ts';

/** The names of the two files. */
const NAMES = ['recent.0', 'recent.1'] as const;
/** From this size on, a file is left for the other one as soon as that is free, in bytes. */
const FULL_BYTES = 2 ** 20;
/** Each record begins with its number, the length of its changes and the checksum of both and of the changes. */
const HEADER = { number: 0, length: 8, checksum: 12, bytes: 16 } as const;

/** Each record can be read by itself. */
const packr = new Packr({ useRecords: false, moreTypes: true });

/** The changes of one commit. */
export interface RecentCommit {
  /** Each commit has the next number. */
  readonly number: number;
  readonly changes: readonly Change[];
}

/**
 * The commits that may not be on the disk yet, for a server that is started again after its process has ended. Nobody waits
 * until the files are on the disk, so the end of the machine may cut them off anywhere: what is not whole is left out.
 */
export class RecentLog {
  readonly #files: LogFile[];

  private constructor(files: LogFile[]) {
    this.#files = files;
  }

  /** Creates the files, in which nothing is kept. */
  static async create(folder: string): Promise<RecentLog> {
    return new RecentLog(await Promise.all(NAMES.map((name) => LogFile.create(join(folder, name)))));
  }

  /**
   * @param after the number of a commit
   * @returns the commits after that one, without a gap
   */
  static async read(folder: string, after: number): Promise<readonly RecentCommit[]> {
    const files = await Promise.all(
      NAMES.map((name) => readFile(join(folder, name)).catch(() => Buffer.of())),
    );
    const found = new Map<number, RecentCommit>();
    for (const bytes of files) for (const commit of commitsIn(bytes)) found.set(commit.number, commit);
    const commits: RecentCommit[] = [];
    for (let next = found.get(after + 1); next !== undefined; next = found.get(next.number + 1))
      commits.push(next);
    return commits;
  }

  static async remove(folder: string): Promise<void> {
    for (const name of NAMES) await rm(join(folder, name), { force: true });
  }

  /**
   * Adds a commit; there is one call at a time.
   * @param flushed the number of the last commit that is on the disk, with all earlier ones: they need not be kept
   * @returns once the operating system has it
   */
  async add(commit: RecentCommit, flushed: number): Promise<void> {
    const [current, other] = this.#files;
    if (current === undefined || other === undefined) return;
    if (current.bytes >= FULL_BYTES && other.last <= flushed) {
      await other.clear();
      this.#files.reverse();
    }
    await this.#files[0]?.add(commit);
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }
}

class LogFile {
  readonly #handle: FileHandle;
  /** The number of the last commit in it; 0 if there is none. */
  last = 0;
  bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<LogFile> {
    return new LogFile(await open(path, 'w', 0o600));
  }

  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.bytes = 0;
  }

  async add(commit: RecentCommit): Promise<void> {
    const record = recordOf(commit);
    for (let from = 0; from < record.length;) {
      const rest = record.length - from;
      const { bytesWritten } = await this.#handle.write(record, from, rest, this.bytes + from);
      from += bytesWritten;
    }
    this.bytes += record.length;
    this.last = commit.number;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function recordOf({ number, changes }: RecentCommit): Buffer {
  const packed = packr.pack(changes);
  const record = Buffer.allocUnsafe(HEADER.bytes + packed.length);
  record.writeBigUInt64BE(BigInt(number), HEADER.number);
  record.writeUInt32BE(packed.length, HEADER.length);
  packed.copy(record, HEADER.bytes);
  record.writeUInt32BE(checksumOf(record), HEADER.checksum);
  return record;
}

const checksumOf = (record: Buffer): number =>
  crc32(record.subarray(HEADER.bytes), crc32(record.subarray(0, HEADER.checksum)));

/** The commits from the beginning of a file up to the first that is not whole. */
function* commitsIn(bytes: Buffer): Generator<RecentCommit> {
  for (let at = 0; at + HEADER.bytes <= bytes.length;) {
    const end = at + HEADER.bytes + bytes.readUInt32BE(at + HEADER.length);
    const record = bytes.subarray(at, end);
    if (end > bytes.length || record.readUInt32BE(HEADER.checksum) !== checksumOf(record)) return;
    const changes: readonly Change[] = packr.unpack(record.subarray(HEADER.bytes));
    yield { number: Number(record.readBigUInt64BE(HEADER.number)), changes };
    at = end;
  }
}
