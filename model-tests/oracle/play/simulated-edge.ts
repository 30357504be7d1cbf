import { AwakeTime } from '../../../src/transport/awake.ts';
import { NODE_DISK, type Disk, type DiskFile } from '../../../src/transport/disk.ts';
import { NODE_EDGE, type Edge } from '../../../src/transport/edge.ts';
import { ManualLoop } from '../../../test/support/manual-loop.ts';

/** An event loop whose turns are real and whose time passes when the test says so. */
class Loop extends ManualLoop {
  /** What is called back in this turn or the next. */
  pending = 0;

  override soon(act: () => void): void {
    this.pending++;
    setImmediate(() => {
      this.pending--;
      act();
    });
  }
}

/** The disk of this machine, and how many of its calls have not returned. */
class CountedDisk implements Disk {
  calls = 0;

  async #counted<T>(call: Promise<T>): Promise<T> {
    this.calls++;
    try {
      return await call;
    } finally {
      this.calls--;
    }
  }

  readonly check: Disk['check'] = (folder) => this.#counted(NODE_DISK.check(folder));
  readonly room: Disk['room'] = (folder) => this.#counted(NODE_DISK.room(folder));
  readonly list: Disk['list'] = (folder) => this.#counted(NODE_DISK.list(folder));
  readonly syncFolder: Disk['syncFolder'] = (folder) => this.#counted(NODE_DISK.syncFolder(folder));
  readonly unlink: Disk['unlink'] = (path) => this.#counted(NODE_DISK.unlink(path));
  readonly create: Disk['create'] = async (path) => this.#file(await this.#counted(NODE_DISK.create(path)));
  readonly openExisting: Disk['openExisting'] = async (path) =>
    this.#file(await this.#counted(NODE_DISK.openExisting(path)));

  readonly #file = (file: DiskFile): DiskFile => ({
    write: (bytes) => this.#counted(file.write(bytes)),
    read: (into, position) => this.#counted(file.read(into, position)),
    readNow: (into) => file.readNow(into),
    sync: () => this.#counted(file.sync()),
    close: () => this.#counted(file.close()),
  });
}

/** Real sockets and files, and simulated time. */
export class SimulatedEdge implements Edge {
  readonly #loop = new Loop();
  readonly time: AwakeTime;
  readonly disk = new CountedDisk();
  readonly listener = NODE_EDGE.listener;
  readonly newRun = NODE_EDGE.newRun;

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    this.#loop.skip(now);
    this.time = new AwakeTime(this.#loop);
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#loop.now();
  }

  pass(milliseconds: number): void {
    this.#loop.advance(milliseconds);
  }

  /** Whether the process has nothing to do until it gets something, or until its time passes. */
  get isIdle(): boolean {
    return this.#loop.pending === 0 && this.disk.calls === 0;
  }
}
