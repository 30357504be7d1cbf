import { encodeDictionary } from '../../../src/wire/dictionary.ts';
import { encodeRequest } from '../../../src/wire/request.ts';
import { isLongVerb, readReply, type Reply } from '../../../test/support/replies.ts';
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

const NOTHING: Reply = { status: '', metadata: {}, reason: '' };
const OPTIONS = new Map([
  ['MetadataToServer', '1'],
  ['MetadataFromServer', '1'],
]);

/** A client that speaks the real protocol: it completes the handshake, then plays its role. */
export class Player {
  readonly name: string;
  readonly link: ClientLink;
  readonly #world: World;
  readonly #part: Part;
  #received = '';
  #stage: 'greeting' | 'options' | 'playing' | 'over' = 'greeting';
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
    this.link.write('X000');
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }
  /** For the report of a failure. */
  get situation(): string {
    return `${this.name} ${this.#waitsFor === undefined ? this.#stage : `waits for ${this.#waitsFor.join(' ')}`}`;
  }

  #closed(): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#part.return();
    if (!this.isDone) this.onLost();
  }

  #receive(bytes: string): void {
    this.#received += bytes;
    if (this.#stage === 'greeting' && this.#received.length >= 4) {
      this.#stage = 'options';
      this.link.write(`R000${encodeDictionary(OPTIONS)}`);
    }
    if (this.#stage === 'options' && this.#received.endsWith('A000')) {
      this.#received = '';
      this.#stage = 'playing';
      this.#goOn(NOTHING);
    }
    if (this.#stage === 'playing' && this.#received !== '') this.#hear();
  }

  #hear(): void {
    const [verb] = this.#waitsFor ?? [];
    if (verb === undefined)
      return void this.#world.wrongs.push(`${this.name} is told what it did not ask: ${this.#received}`);
    const read = readReply(this.#received, { metadata: true, cookie: true, isLong: isLongVerb(verb) });
    if (read === undefined) return;
    this.#received = this.#received.slice(read.length);
    this.#waitsFor = undefined;
    this.#goOn(read.reply);
    if (this.#received !== '' && this.#stage === 'playing') this.#hear();
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
        if (this.#stage === 'playing') this.#goOn(NOTHING);
      });
    this.#waitsFor = doing.ask;
    this.link.write(encodeRequest(doing.ask, new Map(Object.entries(doing.metadata))));
  }
}
