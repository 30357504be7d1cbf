import type fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lease } from '../../src/core/lease.ts';
import { Session } from '../../src/core/session.ts';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import { KeptResults } from '../../src/sleigh/kept-results.ts';
import { Placement } from '../../src/sleigh/placement.ts';
import { Stragglers } from '../../src/sleigh/stragglers.ts';
import { NO_SHARE } from '../../src/sleigh/task-options.ts';
import { Fifo } from '../../src/workspace/fifo.ts';
import { replacedMethod, type Faulty } from '../world/replaced-method.ts';
import type { Client } from './model/client.ts';
import type { SentReply } from './model/replies.ts';
import { ServerModel, type Request } from './model/workspaces.ts';
import { stepIn, stepOnOneVariable, type Step } from './play/steps.ts';
import { Difference, play } from './script.ts';
import { isShort } from '../../test/support/form.ts';

/** Nothing waits for real time: this is only for a busy machine. */
const TIME_LIMIT_MS = 900_000;

type Only = fc.Arbitrary<Step>;
type Planted = [what: string, prototype: object, method: string, fault: Faulty, shown: RegExp, only: Only];

/** A model that receives a changed request: equivalent to a server that behaves differently. */
const mishearing = (mishear: (request: Request) => Request) => (): ServerModel =>
  new (class extends ServerModel {
    override request(client: Client, request: Request): SentReply[] {
      return super.request(client, mishear(request));
    }
  })();

/** The error that the smallest script shows, and that script. */
async function failureAgainst(model: () => ServerModel, only?: Only): Promise<Error> {
  const kind = only === undefined ? {} : { only };
  const failure: unknown = await play({ runs: 400, steps: 60, seed: 7, model, ...kind }).catch(
    (error: unknown) => error,
  );
  if (!(failure instanceof Error && failure.cause instanceof Error)) throw new Error('nothing was found');
  return failure.cause;
}

/** The requests of the smallest script that was found, from the message of its error. */
async function scriptAgainst(model: () => ServerModel, only?: Only): Promise<string[]> {
  const [, script = ''] = (await failureAgainst(model, only)).message.split('\nafter\n');
  return script.split('\n').filter((line) => /"(store|fetch\w*|find\w*|ifetch\w*|ifind\w*)"/.test(line));
}

/** Refused requests and reports of a sentinel are a different case. */
const isNoticed = ({ args, metadata = {} }: Request): boolean => args[3] === 'x' || 'session' in metadata;

describe('a difference between the server and the model is detected and shrinks to a short script', () => {
  it('if a fetch leaves the value in the variable (V4)', { timeout: TIME_LIMIT_MS }, async () => {
    const model = mishearing((request) => ({
      ...request,
      verb: request.verb.replace('fetchTry', 'findTry'),
    }));
    const script = await scriptAgainst(model);
    // In a job a worker needs a rank and a registration before its first task.
    expect(script.length).toBeLessThanOrEqual(5);
  });

  it.skipIf(isShort)(
    'if the death of a worker is not noticed (S13)',
    { timeout: TIME_LIMIT_MS },
    async () => {
      const model = mishearing((request) => ({
        ...request,
        args: request.args.map((arg) =>
          arg === 'worker_dead' && !isNoticed(request) ? 'worker_alive' : arg,
        ),
      }));
      const script = await scriptAgainst(model, stepIn('job-requeue'));
      // A rank, a registration, the death, and a request that shows its effect.
      expect(script.length).toBeLessThanOrEqual(6);
      expect(script.join()).toContain('worker_dead');
    },
  );

  it.skipIf(isShort)(
    'if a session carries out a repeated request again (P15.1)',
    async () => {
      const { message } = await failureOf(Session.prototype, 'numbered', (right) => {
        const numbered = right();
        return numbered === undefined ? undefined : { ...Object(numbered), reply: undefined };
      });
      expect(message).toMatch(/a repeated request is answered with|is told otherwise/);
    },
    TIME_LIMIT_MS,
  );

  it.skipIf(isShort)(
    'if a task of a higher priority goes behind the others (S28.2)',
    async () => {
      const { message } = await failureOf(FairQueue.prototype, 'push', (right, _self, [task]) =>
        right(Object.assign(Object(task), { share: NO_SHARE })),
      );
      expect(message).toContain('"priority"');
    },
    TIME_LIMIT_MS,
  );

  it.skipIf(isShort)(
    'if a task whose result is kept is queued again (S29.1)',
    async () => {
      const { message } = await failureOf(KeptResults.prototype, 'knows', () => false, stepIn('job-null'));
      expect(message).toContain('"nwsKnown":"1"');
    },
    TIME_LIMIT_MS,
  );

  it.skipIf(isShort).each<Planted>([
    [
      'the value of a lease that elapses is removed (V13.2)',
      Lease.prototype,
      'returnValue',
      (_right, self) => self instanceof Lease && self.removeValue(),
      /"take|milliseconds pass/,
      stepOnOneVariable,
    ],
    [
      'a lease that is extended elapses at once (V13.3)',
      Lease.prototype,
      'extend',
      (right) => right(1),
      /"extend lease"/,
      stepOnOneVariable,
    ],
    [
      'a store goes on waiting when a leased value was removed (V14.2)',
      Fifo.prototype,
      'removed',
      () => undefined,
      /"end lease"/,
      stepOnOneVariable,
    ],
    [
      'a fifo holds one value more than its capacity (V14.1)',
      Fifo.prototype,
      'limit',
      (right, _self, [capacity]) => right(Number(capacity) + 1),
      /"capacity"/,
      stepOnOneVariable,
    ],
    [
      'no worker gets a second copy (S31.1)',
      Stragglers.prototype,
      'countFor',
      () => 0,
      /"twice"/,
      stepIn('job-policies'),
    ],
    [
      'a task waits for a host that has no worker any more (S32.1)',
      Placement.prototype,
      'workerEnded',
      () => undefined,
      /"taskHost"/,
      stepIn('job-policies'),
    ],
  ])(
    'if %s',
    async (_, prototype, method, fault, shown, only) => {
      const { message } = await failureOf(prototype, method, fault, only);
      expect(message).toMatch(shown);
    },
    TIME_LIMIT_MS,
  );

  it.skipIf(isShort)(
    'if a session ends with its connection (P15.3)',
    { timeout: TIME_LIMIT_MS },
    async () => {
      const { message } = await failureOf(
        Session.prototype,
        'connectionClosed',
        (right, _self, [connection]) => right(connection, 'server'),
      );
      expect(message).toContain('There is no such session.');
    },
  );
});

/** What the right model says of a server with a fault, in a script in which it says nothing of the right server. */
async function failureOf(prototype: object, method: string, fault: Faulty, only?: Only): Promise<Error> {
  const scripts = { runs: 400, steps: 150, seed: 7, model: () => new ServerModel(), ...(only && { only }) };
  const replaced = replacedMethod(prototype, method, fault);
  const found: unknown = await play({ ...scripts, isFirstEnough: true })
    .catch((error: unknown) => error)
    .finally(() => replaced[Symbol.dispose]());
  if (!(found instanceof Difference && found.cause instanceof Error)) throw new Error('nothing was found');
  await play({ ...scripts, runs: 1, path: found.path });
  return found.cause;
}
