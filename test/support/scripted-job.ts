import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Launched, Launcher, LaunchOrder } from '../../src/client/launchers/launcher.ts';
import { Sleigh } from '../../src/client/master/sleigh.ts';
import type { SleighOptions } from '../../src/client/options/sleigh-options.ts';
import { encodeValue } from '../../src/client/values/values.ts';
import { KEY, mayWait, VARIABLE, VERB } from '../../src/wire/names.ts';
import type { TermsOptions } from '../../src/wire/handshake.ts';
import type { Metadata } from '../../src/wire/payload.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { STATUS, type ReplyValue } from '../../src/wire/reply.ts';
import { obliging, refusal, ScriptedServer, type Answer, type Asked } from './scripted-server.ts';
import { longReply } from './server-line.ts';

/** A reply with a value as a client has stored it. */
export function replyWith(
  value: unknown,
  more: Readonly<Record<string, string>> = {},
  origin: Partial<ReplyValue> = {},
): string {
  const { descriptor, bytes, type } = encodeValue(value, 'value');
  const metadata: Metadata = new Map(Object.entries({ [KEY.type]: type, ...more }));
  return longReply(Buffer.from(bytes).toString('latin1'), { descriptor, metadata, ...origin });
}

/** A job whose server and whose workers are in the hands of the test. */
export class ScriptedJob {
  readonly server: ScriptedServer;
  /** The workers that were to be started. */
  readonly orders: LaunchOrder[] = [];
  /** How many of these were stopped. */
  stopped = 0;
  /** Says that the workers that were started first have ended, and why. */
  endWorkers: (why: string) => void = () => undefined;
  /** The replies to gets of variables. What is not there is awaited, and not found by a try. */
  readonly values = new Map<string, string>();
  /** Answers a request before anything else does. */
  before: Answer = () => undefined;
  readonly #waiting: Asked[] = [];

  constructor(terms: Partial<TermsOptions> = {}) {
    this.server = new ScriptedServer((asked, at) => this.#answer(asked, at), terms);
    this.has(VARIABLE.rankCount, '2');
    // It is a job, and no plain workspace.
    this.has(VARIABLE.workerIds, '0');
    this.has(VARIABLE.agentStatus, 'no sentinels');
  }

  readonly launch: Launcher = {
    start: (order) => {
      this.orders.push(order);
      return Promise.resolve(this.#launched());
    },
  };

  #launched(): Launched {
    const gone = new Promise<string>((resolve) => {
      if (this.orders.length === 1) this.endWorkers = resolve;
    });
    const stop = (): Promise<void> => Promise.resolve(void this.stopped++);
    return { gone, stop };
  }

  /** From now on gets of that variable find this. */
  has(variable: string, value: unknown, metadata: Readonly<Record<string, string>> = {}): void {
    this.values.set(variable, replyWith(value, metadata));
  }

  #answer(asked: Asked, at: number): string | undefined {
    const {
      args: [verb = '', , variable = ''],
    } = asked;
    const first = this.before(asked, at);
    if (first !== undefined) return first;
    // The server closes a connection whose wait was withdrawn, and one whose session has ended.
    if (verb === 'withdraw' || verb === VERB.endSession) return void asked.line.destroy();
    if (!verb.startsWith(VERB.fetch) && !/^i?find/.test(verb)) return obliging(asked, at);
    const found = this.values.get(variable);
    if (found !== undefined && !verb.startsWith('i')) return found;
    if (!mayWait(verb)) return refusal(verb, STATUS.failed, VARIABLES.noValue().message);
    this.#waiting.push(asked);
    return undefined;
  }

  /** Answers the request that has waited longest for a value of that variable. */
  async give(
    variable: string,
    value: unknown,
    metadata: Readonly<Record<string, string>> = {},
    origin: Partial<ReplyValue> = {},
  ): Promise<void> {
    const at = this.#waiting.findIndex(({ args, line }) => args[2] === variable && !line.destroyed);
    const [asked] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (asked === undefined) throw new Error(`nobody waits for ${variable}`);
    await asked.line.say(replyWith(value, metadata, origin));
    await this.turns();
  }

  /** The variables for which somebody waits. */
  get awaited(): string[] {
    return this.#waiting.flatMap(({ args, line }) => (line.destroyed ? [] : [args[2] ?? '']));
  }

  /** A worker has done a task. @param at which of the tasks, from 0 */
  async result(value: unknown, at = 0, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const own = { [KEY.task]: String(at), [KEY.workerRank]: '4', [KEY.host]: 'grace', ...metadata };
    await this.give(VARIABLE.result, value, own, { variableId: '' });
  }

  async start(options: Partial<SleighOptions> = {}, isGuest = false): Promise<Sleigh> {
    return Sleigh.startOn(
      this.server.platform(),
      { workers: 2, server: { host: 'ada', port: 8765 }, launch: this.launch, ...options },
      isGuest,
    );
  }

  /** Runs what is due, also after several messages. */
  async turns(): Promise<void> {
    for (let n = 0; n < 8; n++) await endOfTurn();
  }

  /** Lets time elapse, with what is due then. */
  async pass(milliseconds: number): Promise<void> {
    this.server.clock.advance(milliseconds);
    await this.turns();
  }

  /** The metadata of the requests that nobody has taken, apart from those of sessions. */
  metadataOf(verb: string, variable?: string): Record<string, string>[] {
    return this.server.asked
      .filter(({ args }) => args[0] === verb && (variable === undefined || args[2] === variable))
      .map(({ metadata }) => {
        const { [KEY.request]: _number, [KEY.answered]: _answered, ...rest } = Object.fromEntries(metadata);
        return rest;
      });
  }

  /** @returns what was asked on the main connection since the last time, with `W` as the name of the job */
  asked(workspace: string): string[] {
    return this.server
      .taken()
      .filter((each) => each.startsWith('0: '))
      .map((each) => each.slice(3).replace(` ${workspace}`, ' W'));
  }
}
