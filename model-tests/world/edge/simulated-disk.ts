import type { Disk, DiskFile } from '../../../src/transport/disk.ts';
import type { Fault } from '../faults.ts';
import type { World } from '../world.ts';
import type { ServerProcess } from './server-process.ts';

/** Milliseconds that a call takes, at most, and one in twenty. */
const CALL_MS = 2;
const SLOW_CALL_MS = 500;
const ROOM = 2 ** 30;

interface SimulatedFile {
  content: Buffer;
  /** The bytes that are on the disk. */
  synced: number;
}

/** A disk that takes its time, writes and reads a part of what it could, and fails at any call. */
export class SimulatedDisk implements Disk {
  readonly #world: World;
  readonly #process: ServerProcess;
  /** Files that have a name, apart from those whose name could not be removed. */
  readonly names: Set<string>;
  /** The files by their first name. */
  readonly #files: Map<string, SimulatedFile>;
  /** The names that are on the disk, of files that are kept. */
  readonly #syncedNames: Set<string>;
  /** Calls that are under way. */
  calls = 0;
  /** Files that are open. */
  open = 0;

  /** @param before the same disk, as it was for a server that has ended */
  constructor(world: World, process: ServerProcess, before?: SimulatedDisk) {
    this.#world = world;
    this.#process = process;
    this.names = new Set(before?.names);
    this.#files = new Map(before === undefined ? [] : before.#files);
    this.#syncedNames = new Set(before === undefined ? [] : before.#syncedNames);
  }

  /** Does it after some time; it may fail. */
  #call<T>(fault: Fault, act: () => T): Promise<T> {
    const { agenda, faults, random } = this.#world;
    const milliseconds = random.fraction() * (random.chance(0.05) ? SLOW_CALL_MS : CALL_MS);
    this.calls++;
    return new Promise((resolve, reject) => {
      agenda.after(milliseconds, () =>
        this.#process.receive(() => {
          this.calls--;
          if (!faults.may(fault) || !random.chance(0.03)) return resolve(act());
          faults.note(fault);
          reject(new Error(`EIO: ${fault}`));
        }),
      );
    });
  }

  /** As many bytes as one call moves. */
  #some(bytes: number): number {
    const { random } = this.#world;
    return bytes > 1 && random.chance(0.3) ? random.whole(1, bytes) : bytes;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  room(): Promise<number> {
    const { faults, random } = this.#world;
    return this.#call('file not opened', () => {
      if (!faults.may('disk full') || !random.chance(0.02)) return ROOM;
      faults.note('disk full');
      return 0;
    });
  }

  async create(path: string): Promise<DiskFile> {
    return this.#call('file not opened', () => {
      this.names.add(path);
      this.open++;
      const file: SimulatedFile = { content: Buffer.alloc(0), synced: 0 };
      this.#files.set(path, file);
      return this.#handle(file);
    });
  }

  async openExisting(path: string): Promise<DiskFile> {
    const file = this.#files.get(path);
    if (file === undefined || !this.names.has(path)) return Promise.reject(new Error(`ENOENT: ${path}`));
    this.open++;
    return this.#handle(file);
  }

  list(folder: string): Promise<readonly string[]> {
    const names = [...this.names].filter((path) => path.startsWith(`${folder}/`));
    return Promise.resolve(names.map((path) => path.slice(folder.length + 1)));
  }

  syncFolder(folder: string): Promise<void> {
    return this.#call('file not written', () => {
      for (const path of this.names) if (path.startsWith(`${folder}/`)) this.#syncedNames.add(path);
    });
  }

  /** @param isMachine whether the machine stops as well: what is not on the disk is lost */
  serverDies(isMachine: boolean): void {
    if (!isMachine) return;
    for (const name of this.names) if (!this.#syncedNames.has(name)) this.names.delete(name);
    for (const file of this.#files.values()) file.content = file.content.subarray(0, file.synced);
  }

  #handle(file: SimulatedFile): DiskFile {
    const read = (into: Uint8Array, position: number): number =>
      file.content.copy(
        into,
        0,
        position,
        position + this.#some(Math.min(into.length, file.content.length - position)),
      );
    return {
      write: (bytes) =>
        this.#call('file not written', () => {
          const count = this.#some(bytes.length);
          file.content = Buffer.concat([file.content, bytes.subarray(0, count)]);
          return count;
        }),
      read: (into, position) => this.#call('file not read', () => read(into, position)),
      readNow: (into) => read(into, 0),
      sync: () =>
        this.#call('file not written', () => {
          file.synced = file.content.length;
        }),
      close: () => {
        this.open--;
        return Promise.resolve();
      },
    };
  }

  async unlink(path: string): Promise<void> {
    try {
      await this.#call('name not removed', () => undefined);
    } finally {
      this.names.delete(path);
      this.#syncedNames.delete(path);
    }
  }
}
