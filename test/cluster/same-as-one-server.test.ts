import { describe, expect, it, onTestFinished } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import type { Reply } from '../../src/verify/client-codec.ts';
import { ProtocolClient, type Pending } from '../../src/verify/protocol-client.ts';
import { eventually } from '../support/eventually.ts';
import { byForm } from '../support/form.ts';
import { PartitionedServers } from '../support/partitioned-servers.ts';

// The same random requests of several clients, to one server, and to servers whose partitions change their owners now and
// then: the replies are the same (D13, D15, D17, D18).

const SEEDS = Array.from({ length: byForm(1, 10, 100) }, (_, at) => at + 1);
const STEPS = byForm(60, 200, 400);
const CLIENTS = 4;
const WORKSPACES = ['a', 'b', 'c', 'd', 'e', '__default'];
const VARIABLES = ['x', 'y'];

/** The same for the same seed. */
class Choices {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >>> 8) % limit;
  }
  of<Choice>(choices: readonly Choice[]): Choice {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('there is nothing to choose');
    return choice;
  }
}

type Both<Each> = readonly [one: Each, several: Each];

/** A fetch that waits at both services. */
interface Waiting {
  readonly workspace: string;
  readonly variable: string;
  readonly pending: Both<Pending>;
}

/** A client of each service. */
class Pair {
  waiting: Waiting | undefined;
  readonly #clients: Both<ProtocolClient>;
  /** The number of its last request, if it has a session of its own. */
  #number: number | undefined;

  static async connect(services: Both<{ readonly port: number }>, secret?: string): Promise<Pair> {
    const clients = await Promise.all(services.map(({ port }) => ProtocolClient.ready({ port })));
    const [one, several] = clients;
    if (one === undefined || several === undefined) throw new Error('there are two services');
    onTestFinished(() => clients.forEach((client) => client.vanish()));
    if (secret !== undefined) for (const client of clients) await client.ask(['open session', secret, '60']);
    return new Pair([one, several], secret === undefined ? undefined : 0);
  }

  private constructor(clients: Both<ProtocolClient>, number: number | undefined) {
    this.#clients = clients;
    this.#number = number;
  }

  begin(asked: readonly string[]): Both<Pending> {
    if (this.#number !== undefined) this.#number++;
    const metadata = this.#number === undefined ? {} : { request: String(this.#number) };
    const [one, several] = this.#clients;
    return [one.begin(asked, metadata), several.begin(asked, metadata)];
  }

  /** @returns what both reply, which must be the same */
  async ask(asked: readonly string[]): Promise<Reply> {
    return sameReply(asked, this.begin(asked));
  }

  /** How many fetches of a variable wait at each service. */
  async fetchers(workspace: string, variable: string): Promise<Both<number>> {
    const counts = this.#clients.map(async (client) => {
      await client.ask(['use ws', workspace, '', 'no', 'no']);
      const { value } = await client.ask(['list vars', workspace]);
      const line = value.split('\n').find((each) => each.startsWith(`${variable}\t`));
      return Number(line?.split('\t')[2] ?? 0);
    });
    const [one = 0, several = 0] = await Promise.all(counts);
    return [one, several];
  }
}

/**
 * What the protocol determines: ids of variables and addresses of clients are others. That a client has opened a workspace before
 * it was deleted (W5) is not in the store.
 */
const determined = ({ status, reason, metadata, value, descriptor }: Reply) => ({
  ...(/^No such workspace\.|has not been opened\.$/.test(reason) ? { isThere: false } : { status, metadata }),
  value: value.replaceAll(/127\.0\.0\.1:\d+/g, 'PEER'),
  descriptor,
});

async function sameReply(asked: readonly string[], [one, several]: Both<Pending>): Promise<Reply> {
  const reply = await one.whenAnswered;
  expect([asked, determined(await several.whenAnswered)]).toEqual([asked, determined(reply)]);
  return reply;
}

function randomRequest(
  choices: Choices,
): readonly [verb: string, workspace: string, variable: string, ...string[]] {
  const [workspace, variable] = [choices.of(WORKSPACES), choices.of(VARIABLES)];
  const value = `value ${choices.below(1_000)}`;
  return choices.of([
    ['open ws', workspace, 'me', choices.of(['yes', 'no'])],
    ['use ws', workspace, '', 'no', choices.of(['yes', 'no'])],
    ['use ws', workspace, '', 'no'],
    ['store', workspace, variable, '1', value],
    ['store', workspace, variable, '1', value],
    ['store', workspace, variable, '1', value],
    ['fetchTry', workspace, variable],
    ['findTry', workspace, variable],
    ['fetch', workspace, variable],
    ['fetch', workspace, variable],
    ['declare var', workspace, variable, choices.of(['fifo', 'lifo', 'single'])],
    ['delete var', workspace, variable],
    ['delete ws', workspace, ''],
    ['list vars', workspace, ''],
    ['list wss', workspace, ''],
    ['list wss', '', ''],
    ['store', workspace, variable, 'x', 'no descriptor'],
    ['nonsense', '', ''],
  ]);
}

class Comparison {
  readonly #pairs: readonly Pair[];
  /** It only looks. */
  readonly #watcher: Pair;

  constructor(pairs: readonly Pair[], watcher: Pair) {
    this.#pairs = pairs;
    this.#watcher = watcher;
  }

  #waitingFor(workspace: string, variable?: string): readonly Pair[] {
    return this.#pairs.filter(
      ({ waiting }) =>
        waiting?.workspace === workspace && (variable ?? waiting.variable) === waiting.variable,
    );
  }

  async step(choices: Choices): Promise<void> {
    const free = this.#pairs.filter(({ waiting }) => waiting === undefined);
    const pair = choices.of(free);
    const [verb, workspace, variable, ...rest] = randomRequest(choices);
    if (verb === 'fetch') {
      const { reason } = await pair.ask(['findTry', workspace, variable]);
      if (reason === 'no value available') {
        // Somebody must be able to go on.
        if (free.length > 1) await this.#wait(pair, workspace, variable);
        return;
      }
    }
    const asked = [verb, workspace, variable, ...rest];
    await pair.ask(asked.filter((each, at) => each !== '' || at > 2));
    for (const each of VARIABLES) await this.#wake(workspace, each);
  }

  async #wait(pair: Pair, workspace: string, variable: string): Promise<void> {
    pair.waiting = { workspace, variable, pending: pair.begin(['fetch', workspace, variable]) };
    const count = this.#waitingFor(workspace, variable).length;
    await eventually(async () => {
      const counts = await this.#watcher.fetchers(workspace, variable);
      return counts.every((each) => each === count);
    }, `${count} clients wait for ${workspace} ${variable}`);
  }

  /** Those that do not wait any more are the same at both services, and get the same. */
  async #wake(workspace: string, variable: string): Promise<void> {
    const waiting = this.#waitingFor(workspace, variable);
    if (waiting.length === 0) return;
    const [left] = await this.#watcher.fetchers(workspace, variable);
    const woken = (): readonly Pair[] =>
      waiting.filter((each) => each.waiting?.pending[0].answer !== undefined);
    await eventually(() => woken().length === waiting.length - left, `${left} clients still wait`);
    for (const each of woken()) {
      if (each.waiting !== undefined) await sameReply(['fetch', workspace, variable], each.waiting.pending);
      each.waiting = undefined;
    }
    for (const { waiting: rest } of waiting) expect(rest?.pending[1].answer).toBeUndefined();
  }
}

async function startOne(): Promise<Server> {
  const server = await createServer({ port: 0, logLevel: 'silent' });
  onTestFinished(() => server.close());
  return server;
}

describe('clients of servers that own several partitions', () => {
  it.each(SEEDS)('get the replies of one server, whoever owns the partitions: seed %i', async (seed) => {
    const choices = new Choices(seed);
    const one = await startOne();
    const servers = await PartitionedServers.start(4);
    onTestFinished(() => servers.close());
    const pairs: Pair[] = [];
    for (let at = 0; at <= CLIENTS; at++) {
      const services = [one, servers.fronts[at % 2 === 0 ? 0 : 1]] as const;
      pairs.push(await Pair.connect(services, at < CLIENTS / 2 ? `secret ${seed}.${at}` : undefined));
    }
    const watcher = pairs.pop();
    if (watcher === undefined) throw new Error('nobody watches');
    const comparison = new Comparison(pairs, watcher);
    for (let step = 0; step < STEPS; step++) {
      if (choices.below(20) === 0) await servers.move(choices.below(servers.partitions));
      await comparison.step(choices);
    }
  });
});
