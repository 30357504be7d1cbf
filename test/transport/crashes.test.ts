import { describe, expect, test } from 'vitest';
import { Random } from '../../model-tests/world/random.ts';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { Core } from '../../src/core/core.ts';
import type { Entity } from '../../src/store/change.ts';
import { RecordReader } from '../../src/store/record.ts';
import { Durability } from '../../src/transport/durability.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { byForm } from '../support/form.ts';
import { ManualStore } from '../support/manual-store.ts';
import { recovered } from '../support/projection.ts';
import { ClientCodec, type Reply } from '../../src/verify/client-codec.ts';
import { isLong } from '../../src/wire/names.ts';

// A server behind a store whose commits take their time. It ends at any moment, with and without the commit that is in
// flight, and what it has told its clients is held against what it takes up afterwards.

const NOW = Date.UTC(2026, 10, 22);
const CLIENTS = 4;
const STEPS = 80;
const VARIABLES = { queue: 'fifo', stack: 'lifo' } as const;
type Variable = keyof typeof VARIABLES;

const newCore = (run: string): Core =>
  new Core({ limits: DEFAULT_LIMITS, plugins: new Map(), tls: 'none', run, isStored: true });

interface Asked {
  readonly verb: 'store' | 'fetchTry' | 'findTry' | 'use ws';
  readonly variable: Variable;
  readonly value: string;
}

/** What the clients know. */
class Ledger {
  readonly asked = new Set<string>();
  readonly acknowledged = new Set<string>();
  readonly taken = new Set<string>();
  /** The values that a find returned. */
  readonly seen = new Set<string>();

  answered({ verb, value }: Asked, reply: Reply): void {
    if (reply.status !== '0000') return;
    if (verb === 'store') this.acknowledged.add(value);
    else if (verb === 'fetchTry') this.taken.add(reply.value);
    else if (verb === 'findTry') this.seen.add(reply.value);
  }

  /**
   * @param left the values that the next server has
   * @param inFlight the number of fetches without a reply
   */
  wrongs(left: readonly string[], inFlight: number): string[] {
    const kept = new Set(left);
    const twice = [...this.taken].filter((value) => kept.has(value));
    const invented = left.filter((value) => !this.asked.has(value));
    const known = new Set([...this.acknowledged, ...this.seen]);
    const missing = [...known].filter((value) => !kept.has(value) && !this.taken.has(value));
    return [
      ...twice.map((value) => `${value} was taken and is still there`),
      ...invented.map((value) => `nobody has stored ${value}`),
      ...(missing.length > inFlight ? missing.map((value) => `${value} was acknowledged and is lost`) : []),
    ];
  }
}

type MakeDurability = (...of: ConstructorParameters<typeof Durability>) => Durability;

/** @returns what is wrong after one life of a server that ends at a moment that the seed chooses */
async function crash(seed: number, make: MakeDurability): Promise<string[]> {
  const random = new Random(seed);
  const store = new ManualStore();
  const core = newCore('first');
  const ledger = new Ledger();
  const codecs = Array.from({ length: CLIENTS }, () => new ClientCodec('2222'));
  const asked: Asked[][] = Array.from({ length: CLIENTS }, () => []);
  const perform = (command: Command): void => {
    if (command.type !== 'send') return;
    const { connection, bytes } = command;
    codecs[connection]?.receive(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'));
  };
  const performer = {
    perform: (commands: readonly Command[]) => commands.forEach(perform),
    holdReading: () => undefined,
    failed: (error: unknown) => {
      throw error;
    },
  };
  const durability = make({ store, sync: 'always' }, core, performer, () => 0);
  const handle = (event: CoreEvent): void => durability.handled(core.handle(event, NOW));
  const read = (client: number): void => {
    for (;;) {
      const [first] = asked[client] ?? [];
      if (first === undefined) return;
      const reply = codecs[client]?.reply(isLong(first.verb));
      if (reply === undefined) return;
      asked[client]?.shift();
      ledger.answered(first, reply);
    }
  };
  const ask = (client: number, { verb, variable, value }: Asked): void => {
    asked[client]?.push({ verb, variable, value });
    const args =
      verb === 'use ws'
        ? [verb, '__default', '', 'no']
        : [verb, '__default', variable, ...(verb === 'store' ? ['1', value] : [])];
    if (verb === 'store') ledger.asked.add(value);
    handle({
      type: 'received',
      connection: client,
      bytes: Buffer.from(encodeRequest(args, undefined), 'latin1'),
    });
    read(client);
  };

  const recovering = durability.recover(() => NOW);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  await store.finish();
  await recovering;
  for (let client = 0; client < CLIENTS; client++) {
    handle({ type: 'connected', connection: client, peer: `client ${client}` });
    handle({ type: 'received', connection: client, bytes: Buffer.from('2222') });
    codecs[client]?.shakeHands();
    ask(client, { verb: 'use ws', variable: 'queue', value: '' });
  }
  const steps = random.whole(1, STEPS);
  for (let step = 0; step < steps; step++) {
    if (random.chance(0.4)) {
      await store.finish();
      for (let client = 0; client < CLIENTS; client++) read(client);
    } else
      ask(random.whole(0, CLIENTS - 1), {
        verb: random.pick('store', 'store', 'fetchTry', 'findTry'),
        variable: random.pick('queue', 'stack'),
        value: `value ${step}`,
      });
  }
  // The commit in flight may or may not have reached the disk.
  const inFlight = store.isCommitting ? store.commits.at(-1) : undefined;
  const wrongs: string[] = [];
  const fetches = asked.flat().filter(({ verb }) => verb === 'fetchTry').length;
  for (const changes of inFlight === undefined ? [[]] : [[], inFlight]) {
    store.memory.apply(changes);
    const next = recovered(store.memory.entities, newCore('next'), NOW);
    wrongs.push(...ledger.wrongs(valuesOf(next.store.entities), fetches));
  }
  return wrongs;
}

const valuesOf = (entities: readonly Entity[]): string[] =>
  entities
    .filter(({ key: [kind] }) => kind === 'value')
    .map((entity) => RecordReader.of(entity).text('payload'));

/** Sends at once, and commits then. */
class Hasty extends Durability {
  readonly #perform: (commands: readonly Command[]) => void;

  constructor(...of: ConstructorParameters<typeof Durability>) {
    super(...of);
    const [, , performer] = of;
    this.#perform = (commands) => performer.perform(commands);
  }

  override handled(commands: readonly Command[]): void {
    this.#perform(commands);
    super.handled([]);
  }
}

/** Seeds. */
const LIVES = byForm(60, 300, 5_000);

const wrongsOf = async (make: MakeDurability): Promise<string[]> => {
  const wrongs: string[] = [];
  for (let seed = 1; seed <= LIVES; seed++)
    wrongs.push(...(await crash(seed, make)).map((wrong) => `seed ${seed}: ${wrong}`));
  return wrongs;
};

describe('a server that ends at any moment', () => {
  test('has told its clients nothing that the next one does not know, and gives no value twice (D2, D4)', async () => {
    expect(await wrongsOf((...of) => new Durability(...of))).toEqual([]);
  });

  test('is found to lose and to repeat values if it replies before it commits', async () => {
    const wrongs = (await wrongsOf((...of) => new Hasty(...of))).join('\n');
    expect(wrongs).toContain('was acknowledged and is lost');
    expect(wrongs).toContain('was taken and is still there');
  });
});
