import { describe, expect, it } from 'vitest';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import type { TcpServer } from '../../src/transport/server.ts';
import type { HandMade } from '../mutation/hand-made.ts';
import type { Report } from '../client-simulation/simulate.ts';
import type { Without } from '../world/faults.ts';
import { shrink } from '../world/shrink.ts';
import { FaultyCopy } from './faulty-copy.ts';
import { simulateEdge, type EdgeOptions } from './simulate.ts';
import { isShort } from '../../test/support/form.ts';

// Each fault is planted in the text of the transport, or of the client's connection, and must be noticed.

/** Seeds that are played, at most, until a fault is, from the one on that is known to notice it as long as seeds do what they do now. */
const MAX_SEEDS = 20;

interface Planted extends HandMade {
  readonly seed?: number;
  /** Whether the server has a store, and crashes. */
  readonly isStored?: true;
  /** What notices it. */
  readonly by: RegExp;
}

const FAULTS: readonly Planted[] = [
  {
    what: 'after a client took its replies, its next requests, already here, are not read',
    file: 'src/transport/peer.ts',
    search: "    this.resume('drain');\n    const flushed",
    replace: '    this.#heldFor.drain = false;\n    const flushed',
    by: /is not read from/,
  },
  {
    what: 'the core does not know that a client took its replies',
    file: 'src/transport/peer.ts',
    search: "      this.resume('flush');\n      flushed();\n",
    replace: "      this.resume('flush');\n",
    by: /waits for a flush that nobody has asked for/,
  },
  {
    what: 'requests behind a streamed store are not sent',
    file: 'src/client/connection/channel.ts',
    search: '    this.#isSending = false;\n    this.#send();\n',
    replace: '    this.#send();\n',
    by: /streamer waits for/,
  },
  {
    what: 'who sent a file is remembered after it was written',
    file: 'src/transport/uploads.ts',
    search: '    this.#senders.delete(file.file);\n    written(error);',
    replace: '    written(error);',
    by: /uploads are remembered/,
  },
  {
    what: 'room is kept after a refused upload',
    file: 'src/transport/temporary-files.ts',
    search: '    this.#settle(entry, entry.unwritten);\n',
    replace: '',
    by: /unwritten are left/,
  },
  {
    what: 'a temporary file is left behind under its name',
    file: 'src/transport/temporary-files.ts',
    search: '      await this.#disk.unlink(path);\n',
    replace: '',
    by: /namesOfFiles are left/,
  },
  {
    what: 'a temporary file is not closed when its name cannot be removed',
    seed: 2,
    file: 'src/transport/temporary-files.ts',
    search: '      await handle.close();\n      throw error;',
    replace: '      throw error;',
    by: /openFiles are left/,
  },
  {
    what: 'a short write is taken for a whole one',
    file: 'src/transport/temporary-files.ts',
    search: 'at < bytes.length;) at +=',
    replace: 'at < 1;) at +=',
    by: /closed the connection/,
  },
  {
    what: 'of the texts that are sent together only the last is sent',
    file: 'src/transport/peer.ts',
    search: 'this.#corked += output;',
    replace: 'this.#corked = output;',
    by: /cannot be read/,
  },
  {
    what: 'a client is read from while its file is being completed, and never after that',
    file: 'src/transport/uploads.ts',
    search: "    peer?.resume('finish');",
    replace: '',
    by: /waits for the reply|not settled|has not come to the end/,
  },
  {
    what: 'unread bytes of a closed connection are counted on',
    file: 'src/transport/server.ts',
    search: '      this.#unread.count(peer, 0);\n',
    replace: '',
    by: /unread are left/,
  },
  {
    what: 'a client whose replies are all taken is remembered',
    file: 'src/transport/unread.ts',
    search: '    else this.#counted.delete(client);\n',
    replace: '    else this.#counted.set(client, 0);\n',
    by: /elements of TcpServer\.\$unread\.\$counted are left/,
  },
  {
    what: 'a timer that was stopped is remembered',
    file: 'src/transport/real-timers.ts',
    search: '?.stop();\n    this.#running.delete(timer);\n',
    replace: '?.stop();\n',
    by: /elements of TcpServer\.\$timers\.\$running are left/,
  },
  {
    what: 'a client that has closed its half and takes nothing stays',
    seed: 10,
    file: 'src/transport/peer.ts',
    search: 'if (isStill && this.#hasEnded) {',
    replace: 'if (isStill && this.#hasEnded && this.#closing) {',
    by: /sockets are left/,
  },
  {
    what: 'work that was to go on in turns does not',
    seed: 2,
    file: 'src/transport/server.ts',
    search: "return this.#edge.time.loop.soon(() => this.#handle({ type: 'continued' }));",
    replace: 'return;',
    by: /./,
  },
  {
    what: 'a timer that was stopped runs on',
    file: 'src/transport/real-timers.ts',
    search: '    this.#running.get(timer)?.stop();\n',
    replace: '',
    by: /timersOutside are left/,
  },
  {
    what: 'a large value is acknowledged before it is on the disk, and its machine stops',
    isStored: true,
    seed: 20,
    file: 'src/transport/temporary-files.ts',
    search: '      await entry.handle?.sync();\n',
    replace: '',
    by: /cannot be started|couriers .* is left/,
  },
];

const isServer = (made: unknown): made is typeof TcpServer => typeof made === 'function';
const isConnection = (made: unknown): made is typeof NwsConnection => typeof made === 'function';

async function faulty(fault: HandMade, copy: FaultyCopy): Promise<EdgeOptions> {
  const Server = fault.file.startsWith('src/transport/')
    ? await copy.export('server.ts', 'TcpServer')
    : undefined;
  if (isServer(Server)) return { Server };
  const Connection = await copy.export('connection.ts', 'NwsConnection');
  return isConnection(Connection) ? { Connection } : {};
}

describe.skipIf(isShort)('what is noticed by the simulation of the edge', { timeout: 300_000 }, () => {
  it.each(FAULTS.map((fault) => [fault.what, fault] as const))('%s', async (what, fault) => {
    const copy = new FaultyCopy(fault);
    try {
      const classes = await faulty(fault, copy);
      let found: readonly string[] = [];
      const first = fault.seed ?? 1;
      let seed = first - 1;
      while (seed < first + MAX_SEEDS - 1 && !found.some((wrong) => fault.by.test(wrong)))
        found = (await simulateEdge(++seed, { ...classes, isStored: fault.isStored ?? false })).wrongs;
      console.log(`${what}: seed ${seed}: ${found[0]}`);
      expect(found).toContainEqual(expect.stringMatching(fault.by));
    } finally {
      copy.remove();
    }
  });

  it('the smallest form of a seed has few faults, and is short', async () => {
    const fault = FAULTS.find(({ what }) => what.startsWith('a temporary file is left behind'));
    if (fault === undefined) throw new Error('there is no such fault');
    const copy = new FaultyCopy(fault);
    try {
      const classes = await faulty(fault, copy);
      const play = (without: Without): Promise<Report> => simulateEdge(1, { ...classes, without });
      const found = await play(new Set());
      expect(found.wrongs).not.toEqual([]);
      const { outcome } = await shrink(found, play, { runs: 80 });
      expect(outcome.wrongs[0]).toMatch(fault.by);
      expect([...outcome.faults]).toEqual([]);
      expect(outcome.trace.length).toBeLessThan(found.trace.length / 2);
    } finally {
      copy.remove();
    }
  });
});
