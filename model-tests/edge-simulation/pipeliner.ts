import { BOTH_WAYS, ClientCodec, type Reply } from '../../src/verify/client-codec.ts';
import { isLong } from '../../src/wire/names.ts';
import type { ClientEnd } from '../world/link.ts';
import type { EdgeWorld } from '../world/edge/edge-world.ts';
import type { SocketLink } from '../world/edge/socket-link.ts';

/** Sizes of values in bytes: small, in a file, many times the buffer of a socket, and more than may wait for a disk. */
const SIZES = [10, 7_000, 40_000, 1_200_000] as const;
const BURSTS = 4;
/** Milliseconds that it lets replies wait, at most: less than a server waits for one who takes nothing. */
const PAUSE_MS = 20_000;

interface Expected {
  readonly verb: string;
  /** @returns what is wrong with the reply */
  readonly check: (reply: Reply) => string | undefined;
}

/**
 * A client that sends many requests at once and reads their replies late and slowly. Its large values go to files and
 * come back from them. Every request must be answered, in order, with what it asked for.
 */
export class Pipeliner implements ClientEnd {
  readonly #world: EdgeWorld;
  readonly #name: string;
  readonly #link: SocketLink;
  readonly #expected: Expected[] = [];
  /** Names of variables whose value was stored. */
  readonly #stored = new Set<string>();
  readonly #codec = new ClientCodec(BOTH_WAYS);
  #isOver = false;
  #bursts = 0;
  #variables = 0;

  constructor(world: EdgeWorld, name: string) {
    this.#world = world;
    this.#name = name;
    this.#link = world.connect(this);
    const { random, faults } = world;
    if (random.chance(0.5)) this.#link.readSlowly(random.whole(100_000, 500_000));
    if (!faults.over && random.chance(0.3)) this.#link.breaksAt = random.whole(1, 100_000);
    this.#link.write(this.#codec.greeting);
  }

  /** What it waits for; undefined when it has come to its end, or its connection has. */
  get waitsFor(): string | undefined {
    if (this.#isOver) return undefined;
    const what = this.#expected[0]?.verb ?? 'its handshake';
    return `${this.#name} waits for the reply to ${what}, ${this.#expected.length} in all`;
  }

  closed(): void {
    if (!this.#isOver && this.#world.faults.over && !this.#isFaulty) this.#wrong('its connection was closed');
    this.#isOver = true;
  }
  /** Whether its connection may end, because something went wrong when it was used. */
  get #isFaulty(): boolean {
    return this.#link.breaksAt < Infinity || this.#world.faults.counts.size > 0;
  }

  #wrong(what: string): void {
    this.#world.wrongs.push(`${this.#name}: ${what}`);
  }

  received(bytes: string): void {
    this.#codec.receive(bytes);
    if (!this.#codec.isReady) {
      const answer = this.#codec.shakeHands();
      if (answer !== '') this.#link.write(answer);
      if (!this.#codec.isReady) return;
      this.#ask(['open ws', this.#name, 'me', 'no'], isDone);
      this.#burst();
    }
    while (!this.#isOver && this.#codec.unread !== '' && this.#hear());
  }

  #ask(args: readonly string[], check: Expected['check']): void {
    this.#expected.push({ verb: args[0] ?? '', check });
    this.#link.write(this.#codec.encode(args));
  }

  /** Several requests at once; the next several come while their replies still wait. */
  #burst(): void {
    const { random, agenda } = this.#world;
    this.#bursts++;
    if (random.chance(0.5)) {
      this.#link.pauseReading(true);
      agenda.after(random.fraction() * PAUSE_MS, () => this.#link.pauseReading(false));
    }
    for (let n = random.whole(2, 6); n > 0; n--) this.#storeAndGet();
    if (this.#bursts < BURSTS && random.chance(0.5))
      agenda.after(random.fraction() * 1_000, () => this.#burstAgain());
  }

  #burstAgain(): void {
    if (!this.#isOver && this.#bursts < BURSTS) this.#burst();
  }

  #storeAndGet(): void {
    const { random } = this.#world;
    const name = `v${++this.#variables}`;
    const size = random.chance(0.01) ? SIZES[3] : random.pick(SIZES[0], SIZES[0], SIZES[1], SIZES[2]);
    const value = name.padEnd(size, name);
    this.#ask(['store', this.#name, name, '1', value], (reply) => {
      if (reply.status === '0000') this.#stored.add(name);
      else if (size === SIZES[0]) return `a small value was refused: ${reply.reason}`;
      return undefined;
    });
    const check = (reply: Reply): string | undefined => {
      if (!this.#stored.has(name))
        return reply.status === '0000' ? `${name} was refused and is there` : undefined;
      if (reply.status !== '0000') return `${name} is not there: ${reply.reason}`;
      return reply.value === value ? undefined : `${name} has another value`;
    };
    for (let n = random.whole(0, 3); n > 0; n--) this.#ask(['findTry', this.#name, name], check);
    this.#ask(['fetchTry', this.#name, name], check);
  }

  /** @returns whether there was a whole reply */
  #hear(): boolean {
    const [first] = this.#expected;
    if (first === undefined) {
      this.#wrong('it is told what it did not ask');
      return false;
    }
    let reply: Reply | undefined;
    try {
      reply = this.#codec.reply(isLong(first.verb));
    } catch (error) {
      this.#wrong(`the reply to ${first.verb} cannot be read: ${String(error)}`);
      this.#isOver = true;
      this.#link.end();
      return false;
    }
    if (reply === undefined) return false;
    this.#expected.shift();
    const wrong = first.check(reply);
    if (wrong !== undefined) this.#wrong(wrong);
    if (this.#expected.length === 0) this.#goOn();
    return true;
  }

  #goOn(): void {
    if (this.#bursts < BURSTS) return this.#burst();
    this.#isOver = true;
    this.#link.end();
  }
}

const isDone = ({ status, reason }: Reply): string | undefined =>
  status === '0000' ? undefined : `it is refused: ${reason}`;
