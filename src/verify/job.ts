import { KEY, VARIABLE, VERB } from '../wire/names.ts';
import type { Reply } from './client-codec.ts';
import { randomUUID } from 'node:crypto';
import { eventually, mustBe, mustHold, SOON, type Expectation } from './mismatch.ts';
import type { TestPath } from './model.ts';
import {
  ProtocolClient,
  whenAnsweredInTime,
  type Address,
  type Pending,
  type Details,
} from './protocol-client.ts';

/** The session with which a sentinel supervises its workers (S19). */
export const SUPERVISOR = { session: 'of the sentinel' };

const RUN = randomUUID().slice(0, 8);
let jobs = 0;
let guests = 0;

/** The line of one worker or sentinel in `agentStatus`: the title of its group (S12). */
export type Group =
  | 'Idle workers'
  | 'Blocked workers'
  | 'Active workers'
  | 'Dead workers'
  | 'Lost workers'
  | SentinelGroup;
export type SentinelGroup = 'Blocked sentinels' | 'Active sentinels' | 'Dead sentinels';

/** Milliseconds within which any period of a test path, and any drain period, has ended. */
export const AFTER_PERIOD = 40_000;

/** A period in seconds: short in a test path that waits for its end, otherwise too long to end meanwhile. */
export const period = ({ timed, scale }: TestPath, short: number, long: number): string =>
  String(timed ? short * scale : long);

/** A sleigh with all its clients, each on a connection of its own. */
export class Job {
  readonly workspace: string;
  /** The owner of the workspace, which observes it. */
  readonly master: ProtocolClient;
  readonly #server: Address;
  readonly #guests = new Map<ProtocolClient, string>();
  #batches = 0;

  private constructor(server: Address, master: ProtocolClient, workspace: string) {
    this.#server = server;
    this.master = master;
    this.workspace = workspace;
  }

  static async open(server: Address, options: Details): Promise<Job> {
    const master = await ProtocolClient.ready(server);
    const workspace = `verify ${RUN} ${++jobs}`;
    const metadata = { wstype: 'sleigh', ...options };
    mustBe(VERB.openWs, await master.ask([VERB.openWs, workspace, 'verify', 'no'], metadata), {});
    return new Job(server, master, workspace);
  }

  close(): void {
    for (const guest of this.#guests.keys()) guest.vanish();
    this.master.vanish();
  }

  /**
   * Another client that uses the workspace, and owns a second one, whose deletion shows that the connection has closed
   * (W6).
   * @param hasSession whether it may be replaced by `resume` (P15)
   */
  async guest(hasSession = false): Promise<ProtocolClient> {
    const guest = await ProtocolClient.ready(this.#server);
    const own = `verify ${RUN} guest ${++guests}`;
    this.#guests.set(guest, own);
    // Without a connection the session ends at once.
    if (hasSession) mustBe(VERB.openSession, await guest.ask([VERB.openSession, own, '0']), {});
    const opened = await Promise.all([
      guest.ask([VERB.openWs, own, 'verify', 'no']),
      guest.ask([VERB.useWs, this.workspace, 'verify', 'no', 'no']),
    ]);
    mustBe(VERB.openWs, opened[0], {});
    return guest;
  }

  /** Another connection takes up the session of a guest (P15.2). */
  async resume(guest: ProtocolClient): Promise<ProtocolClient> {
    const own = this.#guests.get(guest) ?? '';
    const next = await ProtocolClient.ready(this.#server);
    guest.forgetExpected();
    mustBe(VERB.resumeSession, await next.ask([VERB.resumeSession, own]), {});
    await guest.ended();
    this.#guests.delete(guest);
    this.#guests.set(next, own);
    return next;
  }

  /** The guest disconnects. Resolves when the server has noticed. */
  async leave(guest: ProtocolClient): Promise<void> {
    const own = this.#guests.get(guest) ?? '';
    this.#guests.delete(guest);
    guest.vanish();
    await eventually(async () => {
      const { value } = await this.master.ask([VERB.listWss, own]);
      return value.includes(own) ? 'the server does not notice that a connection has closed' : undefined;
    });
  }

  /** A guest that sends one request. */
  async asStranger(act: (stranger: ProtocolClient) => Promise<void>): Promise<void> {
    const stranger = await this.guest();
    await act(stranger);
    await this.leave(stranger);
  }

  get(who: ProtocolClient, verb: string, variable: string, metadata: Details = {}): Promise<Reply> {
    return who.ask([verb, this.workspace, variable], metadata);
  }

  /** A get that may wait. */
  beginToGet(who: ProtocolClient, verb: string, variable: string, metadata: Details = {}): Pending {
    return who.begin([verb, this.workspace, variable], metadata);
  }

  store(who: ProtocolClient, variable: string, value: string, metadata: Details = {}): Promise<Reply> {
    return who.ask([VERB.store, this.workspace, variable, '1', value], metadata);
  }

  /** @throws Mismatch if a get has another outcome */
  async mustGet(
    who: ProtocolClient,
    [verb, variable]: readonly [string, string],
    expected: Expectation,
    metadata: Details = {},
  ): Promise<Reply> {
    const answer = await this.get(who, verb, variable, metadata);
    mustBe(`${verb} ${variable}`, answer, expected);
    return answer;
  }

  /** @throws Mismatch if a store has another outcome */
  async mustStore(
    who: ProtocolClient,
    [variable, value]: readonly [string, string],
    expected: Expectation = {},
    metadata: Details = {},
  ): Promise<void> {
    mustBe(`store ${variable}`, await this.store(who, variable, value, metadata), expected);
  }

  /**
   * The blocked request is answered.
   * @param within milliseconds
   */
  async mustBeTold(
    what: string,
    pending: Pending | undefined,
    expected: Expectation,
    within = SOON,
  ): Promise<Reply> {
    if (pending === undefined) throw new Error(`nobody waits: ${what}`);
    const answer = await whenAnsweredInTime(pending.whenAnswered, what, within);
    mustBe(what, answer, expected);
    return answer;
  }

  /** @throws Mismatch if a request that must be blocked has been answered */
  mustWait(what: string, pending: Pending | undefined): void {
    const { answer } = pending ?? {};
    mustHold(
      pending !== undefined && answer === undefined,
      `${what} must be blocked, and was answered: ${answer?.status} ${answer?.reason}${answer?.value}`,
    );
  }

  /** S19: a client asks for a replacement on behalf of the sentinel. */
  async mustReplace(rank: string, expected: Expectation): Promise<void> {
    await this.asStranger(async (stranger) => {
      await this.mustGet(stranger, [VERB.fetch, VARIABLE.workerIds], expected, {
        ...SUPERVISOR,
        replaces: rank,
      });
    });
  }

  /** S19: the sentinel reports how a worker ended. */
  mustReport(rank: string, task: string): Promise<void> {
    return this.mustStore(this.master, [VARIABLE.workerDead, rank], {}, { ...SUPERVISOR, task });
  }

  newBatch(): string {
    return `batch ${++this.#batches}`;
  }

  /** Fetches the result of a batch from that rank. */
  async mustHaveResult(
    batch: string,
    rank: string,
    expected: { value: string; isNull: boolean },
  ): Promise<void> {
    for (;;) {
      const answer = await this.get(this.master, VERB.fetchTry, VARIABLE.result, { batchId: batch });
      mustBe('fetchTry result', answer, {});
      if (answer.metadata[KEY.workerRank] !== rank) continue;
      mustBe('fetchTry result', answer, { value: expected.value });
      const isNull = answer.metadata[KEY.null] === '1';
      return mustHold(isNull === expected.isNull, `the result is ${isNull ? '' : 'not '}marked as null`);
    }
  }

  /** The group of a worker or a sentinel in `agentStatus`; undefined if it is not listed. */
  async groupOf(agent: string): Promise<string | undefined> {
    const { value } = await this.mustGet(this.master, [VERB.find, VARIABLE.agentStatus], {});
    let title: string | undefined;
    for (const line of value.split('\n')) {
      if (line.startsWith(`  - ${agent}: `)) return title;
      if (line !== '' && !line.startsWith(' ')) title = line;
    }
    return undefined;
  }

  /** @param group undefined when it must not be listed. @param within milliseconds */
  async mustBeListed(agent: string, group: Group | undefined, within?: number): Promise<void> {
    await eventually(async () => {
      const found = await this.groupOf(agent);
      return found === group
        ? undefined
        : `agentStatus has ${agent} under ${found ?? 'nothing'}, not under ${group ?? 'nothing'}`;
    }, within);
  }

  /**
   * The value that a variable must have soon.
   * @param within milliseconds
   */
  async mustRead(variable: string, value: string, within?: number): Promise<void> {
    await eventually(async () => {
      const answer = await this.get(this.master, VERB.find, variable);
      return answer.value === value ? undefined : `${variable} is "${answer.value}", not "${value}"`;
    }, within);
  }

  /** One line of `list vars`: it freezes the expected number of workers (S4). */
  async listed(variable: string): Promise<{ values: number; fetchers: number }> {
    const answer = await this.master.ask([VERB.listVars, this.workspace]);
    mustBe(VERB.listVars, answer, {});
    const line = answer.value.split('\n').find((text) => text.startsWith(`${variable}\t`)) ?? '';
    const [, values, fetchers] = line.split('\t');
    return { values: Number(values), fetchers: Number(fetchers) };
  }

  /** S10. */
  async mustRun(running: number): Promise<void> {
    const { metadata } = await this.mustGet(this.master, [VERB.find, VARIABLE.jobStatus], {}, { all: '1' });
    const found = metadata[KEY.running];
    mustHold(found === String(running), `jobStatus: ${found} tasks are running, not ${running}`);
  }

  /** A client deletes the workspace, and no longer has it open (W5, W7). */
  async delete(): Promise<void> {
    await this.asStranger(async (stranger) =>
      mustBe(VERB.deleteWs, await stranger.ask([VERB.deleteWs, this.workspace]), {}),
    );
  }

  /** S16: the workspace does not exist any more. */
  async mustBeDeleted(): Promise<void> {
    mustBe('a get', await this.get(this.master, VERB.findTry, VARIABLE.version), { status: '0100' });
    await eventually(async () => {
      const { value } = await this.master.ask([VERB.listWss, this.workspace]);
      return value.includes(this.workspace) ? 'the workspace is still listed' : undefined;
    });
  }
}
