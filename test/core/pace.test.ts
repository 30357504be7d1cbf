import { afterEach, describe, expect, it } from 'vitest';
import type { Command } from '../../src/core/commands.ts';
import type { CommandSink } from '../../src/core/command-sink.ts';
import { Metrics } from '../../src/core/metrics.ts';
import { Outgoing } from '../../src/core/outgoing.ts';
import { Pace } from '../../src/core/pace.ts';
import { Turns } from '../../src/core/turns.ts';
import { Making } from '../../src/core/verbs.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { NO_METADATA, type Pieces } from '../../src/wire/payload.ts';
import { NO_VALUE, STATUS } from '../../src/wire/reply.ts';

const CONNECTION = 7;
const MOST = BOUNDS.pendingReplyBytes.value;

/** A core in which the time of each event is up after one piece of work. */
class Sink implements CommandSink {
  readonly commands: Command[] = [];
  readonly figures = new Metrics();
  /** How often an event for the next turn was requested. */
  requested = 0;
  readonly turns = new Turns(
    () => true,
    () => void this.requested++,
  );
  command(command: Command): void {
    this.commands.push(command);
  }
  log(level: 'error', message: string, fields: Record<string, unknown>): void {
    this.commands.push({ type: 'log', level, message, fields });
  }
  newFile(): never {
    throw new Error('no value comes');
  }
}

/** What happens to one connection, in order: commands for it by their types, and calls. */
class Paced {
  readonly sink = new Sink();
  readonly pace = new Pace(this.sink, CONNECTION, {
    goOn: () => this.#note('goOn'),
    failed: () => this.#note('failed'),
  });
  readonly #happened: string[] = [];
  #noted = 0;

  #note(text: string): void {
    this.#noteCommands();
    this.#happened.push(text);
  }
  #noteCommands(): void {
    for (; this.#noted < this.sink.commands.length; this.#noted++) {
      const command = this.sink.commands[this.#noted];
      const isOwn = command !== undefined && 'connection' in command && command.connection === CONNECTION;
      this.#happened.push(`${command?.type ?? ''}${isOwn || command?.type === 'log' ? '' : ' for another'}`);
    }
  }

  /** A request that takes that many pieces of work. */
  make(pieces: number, last?: () => never): void {
    function* steps() {
      for (let n = 1; n < pieces; n++) yield undefined;
      last?.();
      return { metadata: NO_METADATA };
    }
    const making = new Making(steps(), () => this.#note('drop'));
    this.pace.make(making, () => this.#note('settle'));
  }

  /** What has happened since the last call. */
  take(): string[] {
    this.#noteCommands();
    return this.#happened.splice(0);
  }

  turn(): string[] {
    this.sink.turns.go();
    return this.take();
  }
}

let paced = new Paced();
afterEach(() => {
  paced = new Paced();
});

describe('a connection', () => {
  it('continues as long as nothing keeps it', () => {
    expect(paced.pace.mayGoOn).toBe(true);
    paced.pace.flushed();
    expect([paced.pace.mayGoOn, paced.take()]).toEqual([true, []]);
  });

  it('waits until its client has taken its replies (P11)', () => {
    const { pace } = paced;
    pace.waitForClient();
    expect([pace.mayGoOn, paced.take()]).toEqual([false, ['flush']]);
    pace.flushed();
    expect([pace.mayGoOn, paced.take()]).toEqual([true, []]);
  });

  it('is not read until others had their turn, and has one turn for that (P14)', () => {
    const { pace, sink } = paced;
    pace.waitForTurn();
    expect([pace.mayGoOn, paced.take(), sink.requested]).toEqual([false, ['pause'], 1]);
    pace.flushed();
    expect(pace.mayGoOn).toBe(false);
    expect(paced.turn()).toEqual(['resume', 'goOn']);
    expect([pace.mayGoOn, sink.turns.length]).toEqual([true, 0]);
  });

  it('that has ended meanwhile does not continue in its turn', () => {
    paced.pace.waitForTurn();
    paced.take();
    paced.pace.end();
    expect([paced.turn(), paced.sink.turns.length]).toEqual([[], 0]);
  });
});

const fail = (): never => {
  throw new Error('on purpose');
};

describe('a request that takes several steps (P14)', () => {
  it('does not keep its connection if there was time for all of them', () => {
    paced.make(1);
    expect([paced.take(), paced.pace.mayGoOn, paced.sink.turns.length]).toEqual([['settle'], true, 0]);
  });

  it('keeps its connection, which is not read until the reply is sent', () => {
    paced.make(3);
    expect([paced.take(), paced.pace.mayGoOn]).toEqual([['pause'], false]);
    paced.pace.flushed();
    expect([paced.turn(), paced.pace.mayGoOn]).toEqual([[], false]);
    expect([paced.turn(), paced.pace.mayGoOn]).toEqual([['settle', 'resume', 'goOn'], true]);
  });

  it('is completed when its connection ends, without a reply, and its result is dropped at once and at the end', () => {
    paced.make(3);
    paced.take();
    paced.pace.end();
    expect(paced.take()).toEqual(['drop']);
    expect(paced.turn()).toEqual([]);
    expect(paced.turn()).toEqual(['drop']);
    expect(paced.sink.turns.length).toBe(0);
  });

  it('has dropped nothing if its connection ends later', () => {
    paced.make(2);
    paced.turn();
    paced.pace.end();
    expect(paced.take()).toEqual([]);
  });

  const LOGGED = {
    type: 'log',
    level: 'error',
    message: 'a request could not be carried out',
    fields: { connection: CONNECTION, error: new Error('on purpose') },
  };

  it.each<[pieces: number, before: string[]]>([
    [1, []],
    [2, ['pause']],
  ])('and fails in step %d is logged, ends its connection, and has no reply', (pieces, before) => {
    paced.make(pieces, fail);
    while (paced.sink.turns.length > 0) paced.sink.turns.go();
    expect(paced.take()).toEqual([...before, 'log', 'failed', 'drop']);
    expect(paced.sink.commands.at(-1)).toEqual(LOGGED);
  });
});

const sending = () => {
  const sink = new Sink();
  return { sink, out: new Outgoing(sink, CONNECTION) };
};
/** A text of so many pieces of half the bound. */
const text = (count: number): Pieces & { dropped: number } => {
  let left = count;
  return {
    size: (count * MOST) / 2,
    next: () => (left-- > 0 ? 'x'.repeat(MOST / 2) : undefined),
    dropped: 0,
    drop() {
      this.dropped++;
    },
  };
};

describe('what is sent to a connection', () => {
  it('is full when more than the bound is sent and not taken (P11, P12)', () => {
    const { out } = sending();
    for (let time = 0; time < 2; time++) {
      out.send('x'.repeat(MOST - 1));
      out.send(Buffer.from('x'));
      expect(out.isFull).toBe(false);
      out.send('x');
      expect(out.isFull).toBe(true);
      // The client has taken it.
      out.begin();
      expect(out.isFull).toBe(false);
    }
  });

  it('counts the bytes of a file, which the core does not see', () => {
    const { out, sink } = sending();
    const file = { file: 3, size: MOST };
    out.reply(STATUS.ok, NO_METADATA, { ...NO_VALUE, payload: file });
    expect(out.isFull).toBe(true);
    expect(sink.commands.map(({ type }) => type)).toEqual(['send', 'sendFile']);
    expect(sink.commands[1]).toEqual({ type: 'sendFile', connection: CONNECTION, file });
    const [head] = sink.commands;
    const headBytes = head?.type === 'send' ? head.bytes.length : 0;
    expect(sink.figures.bytesOut).toBe(headBytes + MOST);
    out.send('more');
    expect(sink.figures.bytesOut).toBe(headBytes + MOST + 4);
  });

  it('is continued piece by piece as the client takes it, and dropped at its end', () => {
    const { out, sink } = sending();
    const payload = text(5);
    out.reply(STATUS.ok, NO_METADATA, { ...NO_VALUE, payload });
    const sent: number[] = [];
    for (let isDone = false; !isDone; out.begin()) {
      const before = sink.commands.length;
      isDone = out.goOn();
      sent.push(sink.commands.length - before);
    }
    // Its head is part of what was sent first.
    expect(sent).toEqual([2, 3, 0]);
    expect([payload.dropped, out.goOn()]).toEqual([1, true]);
  });

  it('and is not created yet is dropped when the connection ends', () => {
    const { out, sink } = sending();
    const payload = text(5);
    out.reply(STATUS.ok, NO_METADATA, { ...NO_VALUE, payload });
    out.drop();
    expect([payload.dropped, out.goOn(), sink.commands.length]).toEqual([1, true, 1]);
  });
});
