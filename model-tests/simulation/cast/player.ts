import { BOTH_WAYS, ClientCodec, type Reply } from '../../../src/verify/client-codec.ts';
import { isLong } from '../../../src/wire/names.ts';
import type { ClientLink } from '../../world/link.ts';
import type { World } from '../../world/world.ts';

export type Entries = Readonly<Record<string, string>>;
/** The next action of a client: send a request and await the reply, or let time pass. */
export type Doing = { ask: readonly string[]; metadata: Entries } | { sleep: number };
/** A role that a client plays; it ends when its connection does. */
export type Part = Generator<Doing, void, Reply>;

export function* ask(args: readonly string[], metadata: Entries = {}): Generator<Doing, Reply, Reply> {
  return yield { ask: args, metadata };
}
export function* sleep(milliseconds: number): Generator<Doing, void, Reply> {
  yield { sleep: milliseconds };
}

export const isOk = ({ status }: Reply): boolean => status === '0000';

const NOTHING: Reply = { status: '', metadata: {}, reason: '', value: '' };

/** A client that speaks the real protocol: it completes the handshake, then plays its role. */
export class Player {
  readonly name: string;
  readonly link: ClientLink;
  readonly #world: World;
  readonly #part: Part;
  readonly #codec = new ClientCodec(BOTH_WAYS);
  #isOver = false;
  #waitsFor: readonly string[] | undefined;
  /** Its role was played to the end. */
  isDone = false;
  /** Notified when its connection has ended before its role. */
  onLost: () => void = () => undefined;

  constructor(world: World, name: string, part: Part) {
    this.#world = world;
    this.#part = part;
    this.name = name;
    this.link = world.connect({
      received: (bytes) => this.#receive(bytes),
      closed: () => this.#closed(),
    });
    this.link.write(this.#codec.greeting);
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  /** For the report of a failure. */
  get situation(): string {
    if (this.#waitsFor !== undefined) return `${this.name} waits for ${this.#waitsFor.join(' ')}`;
    if (this.#isOver) return `${this.name} is over`;
    return `${this.name} ${this.#codec.isReady ? 'plays' : 'shakes hands'}`;
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#part.return();
    if (!this.isDone) this.onLost();
  }

  #receive(bytes: string): void {
    this.#codec.receive(bytes);
    if (!this.#codec.isReady) {
      const answer = this.#codec.shakeHands();
      if (answer !== '') this.link.write(answer);
      if (this.#codec.isReady) this.#goOn(NOTHING);
    }
    while (this.#codec.isReady && !this.#isOver && this.#codec.unread !== '' && this.#hear());
  }

  /** @returns whether there was a whole reply */
  #hear(): boolean {
    const [verb] = this.#waitsFor ?? [];
    if (verb === undefined) {
      this.#world.wrongs.push(`${this.name} is told what it did not ask: ${this.#codec.unread}`);
      return false;
    }
    const reply = this.#codec.reply(isLong(verb));
    if (reply === undefined) return false;
    this.#waitsFor = undefined;
    this.#goOn(reply);
    return true;
  }

  #goOn(reply: Reply): void {
    const next = this.#part.next(reply);
    if (next.done === true) {
      this.isDone = true;
      return this.link.end();
    }
    const doing = next.value;
    if ('sleep' in doing)
      return void this.#world.agenda.after(doing.sleep, () => {
        if (!this.#isOver) this.#goOn(NOTHING);
      });
    this.#waitsFor = doing.ask;
    this.link.write(this.#codec.encode(doing.ask, doing.metadata));
  }
}
