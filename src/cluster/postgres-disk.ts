import { basename } from 'node:path';
import { STORED } from '../store/errors.ts';
import type { Disk, DiskFile } from '../transport/disk.ts';
import { fault, plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import { isUnreachable, type Answer, type StoreLink } from './link.ts';

/** The first bytes of each value, which the page shows, are kept in memory. */
const HEAD_BYTES = 4_096;

/**
 * `FOR SHARE` makes a claim wait until the piece is written, so a server that has lost the data writes nothing (D9). The name
 * of a file is its number.
 */
const OWNED =
  'WITH owned AS (SELECT partition FROM sleigh_partition WHERE partition = $1 AND epoch = $2 FOR SHARE)';

const WRITE = `${OWNED} INSERT INTO sleigh_blob (partition, file, at, bytes) SELECT $1, $3, $4, $5 FROM owned RETURNING at`;

const REMOVE = `${OWNED} DELETE FROM sleigh_blob b USING owned WHERE b.partition = $1 AND b.file = $3`;

/** The piece in which a position is. */
const READ = `SELECT at, bytes FROM sleigh_blob WHERE partition = $1 AND file = $2 AND at <= $3 ORDER BY at DESC LIMIT 1`;

/** Who writes the files. */
export interface BlobOwner {
  readonly partition: number;
  readonly name: string;
  /** The epoch of the claim. */
  readonly epoch: number;
}

const numberOf = (path: string): number => Number(basename(path));

/** Large values in PostgreSQL, as pieces of the size in which they arrive. */
export class PostgresDisk implements Disk {
  readonly #link: StoreLink;
  readonly #owner: BlobOwner;
  readonly #open = new Set<number>();
  /** Files that are removed when they are closed. */
  readonly #unlinked = new Set<number>();
  #wasUnreachable = false;
  #missing: number | undefined;

  /** @param link one that commits do not use, so that they do not wait for large values */
  constructor(link: StoreLink, owner: BlobOwner) {
    this.#link = link;
    this.#owner = owner;
  }

  /** Whether a file could not be read or written because the store was not reached. */
  get wasUnreachable(): boolean {
    return this.#wasUnreachable;
  }

  /** The number of a file that is not in the store although a value has it. */
  get missing(): number | undefined {
    return this.#missing;
  }

  async #ask(text: string, values: readonly unknown[], name?: string): Promise<Answer> {
    try {
      return await this.#link.ask(text, values, name);
    } catch (error) {
      this.#wasUnreachable ||= isUnreachable(error);
      throw error;
    }
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  /** PostgreSQL does not say how much room it has. */
  room(): Promise<number> {
    return Promise.resolve(Number.MAX_SAFE_INTEGER);
  }

  create(path: string): Promise<DiskFile> {
    return Promise.resolve(this.#file(numberOf(path), Buffer.of()));
  }

  async openExisting(path: string): Promise<DiskFile> {
    const file = numberOf(path);
    const first = await this.#pieceAt(file, 0);
    if (first === undefined) {
      this.#missing ??= file;
      throw fault('the store has no bytes of it');
    }
    return this.#file(file, first.bytes.subarray(0, HEAD_BYTES));
  }

  async list(): Promise<readonly string[]> {
    const { rows } = await this.#ask('SELECT DISTINCT file FROM sleigh_blob WHERE partition = $1', [
      this.#owner.partition,
    ]);
    return rows.map(({ file }) => String(file));
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  /** A file that is open stays readable until it is closed. */
  async unlink(path: string): Promise<void> {
    const file = numberOf(path);
    if (this.#open.has(file)) this.#unlinked.add(file);
    else await this.#remove(file);
  }

  async #remove(file: number): Promise<void> {
    await this.#ask(REMOVE, [this.#owner.partition, this.#owner.epoch, file], 'remove');
  }

  async #pieceAt(file: number, position: number): Promise<{ at: number; bytes: Buffer } | undefined> {
    const { rows } = await this.#ask(READ, [this.#owner.partition, file, position], 'read');
    const { at, bytes } = rows[0] ?? {};
    return Buffer.isBuffer(bytes) ? { at: Number(at), bytes } : undefined;
  }

  async #write(file: number, at: number, bytes: Uint8Array): Promise<void> {
    const { partition, name } = this.#owner;
    const epoch = this.#owner.epoch;
    const values = [partition, epoch, file, at, Buffer.from(bytes)];
    const { rows, hasWarned } = await this.#ask(WRITE, values, 'blob');
    if (rows.length === 0) throw plainError(STORED.fenced(name, epoch));
    if (hasWarned) throw plainError(CLUSTER.unconfirmed());
  }

  #file(file: number, start: Buffer): DiskFile {
    this.#open.add(file);
    let head = start;
    let size = 0;
    return {
      write: async (bytes) => {
        await this.#write(file, size, bytes);
        size += bytes.length;
        if (head.length < HEAD_BYTES)
          head = Buffer.concat([head, bytes.subarray(0, HEAD_BYTES - head.length)]);
        return bytes.length;
      },
      read: async (into, position) => {
        const piece = await this.#pieceAt(file, position);
        if (piece === undefined) return 0;
        const bytes = piece.bytes.subarray(position - piece.at, position - piece.at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      readNow: (into) => {
        const bytes = head.subarray(0, into.length);
        into.set(bytes);
        return bytes.length;
      },
      // Each piece was durable when it was written.
      sync: () => Promise.resolve(),
      close: async () => {
        this.#open.delete(file);
        if (this.#unlinked.delete(file)) await this.#remove(file);
      },
    };
  }
}
