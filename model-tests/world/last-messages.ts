import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { printable } from '../../src/wire/printable.ts';
import { partiesOf, type SequenceDiagram, type SequenceStep } from '../../src/verify/diagram/sequence.ts';

const SERVER = 'server';
/** Messages that are kept of each connection: a few, so that those who are busy do not hide those who wait. */
const KEPT = 4;
const LONGEST_TEXT = 120;

interface Seen {
  readonly n: number;
  readonly step: SequenceStep;
}

/** The last messages of each connection that is still open: where a party waits in vain, they show what it did last. */
export class LastMessages {
  readonly #seen = new Map<number, Seen[]>();
  #count = 0;

  note(what: CoreEvent | Command): void {
    if (what.type !== 'received' && what.type !== 'send') return;
    const who = `connection ${what.connection}`;
    const start = what.bytes.slice(0, LONGEST_TEXT);
    const text = printable(typeof start === 'string' ? start : Buffer.from(start).toString('latin1'));
    const step: SequenceStep =
      what.type === 'received'
        ? { from: who, to: SERVER, text }
        : { from: SERVER, to: who, text, isReply: true };
    const kept = this.#seen.get(what.connection) ?? [];
    kept.push({ n: ++this.#count, step });
    if (kept.length > KEPT) kept.shift();
    this.#seen.set(what.connection, kept);
  }

  /** The connection has ended. */
  forget(connection: number): void {
    this.#seen.delete(connection);
  }

  /** @param wrong what is wrong in the end */
  diagram(title: string, wrong: string): SequenceDiagram {
    const all = [...this.#seen.values()].flat().sort((one, other) => one.n - other.n);
    const steps = all.map(({ step }) => step);
    return {
      title,
      parties: partiesOf(steps, SERVER),
      steps: [...steps, { on: SERVER, text: wrong, isBroken: true }],
    };
  }
}
