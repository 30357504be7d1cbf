import type { FilePayload } from '../../src/wire/payload.ts';

/** The temporary files of a server, in memory (P11). An operation on a missing file is an error. */
export class MemoryFiles {
  readonly #files: Map<number, Buffer[]>;

  /** @param before the files of a server that has crashed */
  constructor(before?: MemoryFiles) {
    this.#files = new Map(before === undefined ? [] : before.#files);
  }

  get count(): number {
    return this.#files.size;
  }

  open({ file }: FilePayload): void {
    if (this.#files.has(file)) throw new Error(`file ${file} is opened twice`);
    this.#files.set(file, []);
  }

  write({ file }: FilePayload, bytes: Uint8Array): void {
    this.#of(file).push(Buffer.from(bytes));
  }

  /** Latin-1. */
  read({ file, size }: FilePayload): string {
    const content = Buffer.concat(this.#of(file)).toString('latin1');
    if (content.length !== size) throw new Error(`file ${file} holds ${content.length} bytes of ${size}`);
    return content;
  }

  /** A server has taken up its store: files that it does not need are removed. */
  keepOnly(files: readonly FilePayload[]): void {
    for (const file of files) this.read(file);
    const kept = new Set(files.map(({ file }) => file));
    for (const file of this.#files.keys()) if (!kept.has(file)) this.#files.delete(file);
  }

  discard({ file }: FilePayload): void {
    this.#of(file);
    this.#files.delete(file);
  }

  #of(file: number): Buffer[] {
    const parts = this.#files.get(file);
    if (parts === undefined) throw new Error(`there is no file ${file}`);
    return parts;
  }
}
