import { describe, expect, it } from 'vitest';
import { Session } from '../../src/core/session.ts';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import { KeptResults } from '../../src/sleigh/kept-results.ts';
import { NO_SHARE } from '../../src/sleigh/task-options.ts';
import { replacedMethod, type Faulty } from '../world/replaced-method.ts';
import type { Client } from './model/client.ts';
import type { SentReply } from './model/replies.ts';
import { ServerModel, type Request } from './model/workspaces.ts';
import { play } from './script.ts';
import { isShort } from '../../test/support/form.ts';

/** A model that receives a changed request: equivalent to a server that behaves differently. */
const mishearing = (mishear: (request: Request) => Request) => (): ServerModel =>
  new (class extends ServerModel {
    override request(client: Client, request: Request): SentReply[] {
      return super.request(client, mishear(request));
    }
  })();

/** The error that the smallest script shows, and that script. */
async function failureAgainst(model: () => ServerModel, job: { job?: string } = {}): Promise<Error> {
  const failure: unknown = await play({ runs: 400, steps: 60, seed: 7, patience: 300, model, ...job }).catch(
    (error: unknown) => error,
  );
  if (!(failure instanceof Error && failure.cause instanceof Error)) throw new Error('nothing was found');
  return failure.cause;
}

/** The requests of the smallest script that was found, from the message of its error. */
async function scriptAgainst(model: () => ServerModel, job: { job?: string } = {}): Promise<string[]> {
  const [, script = ''] = (await failureAgainst(model, job)).message.split('\nafter\n');
  return script.split('\n').filter((line) => /"(store|fetch\w*|find\w*|ifetch\w*|ifind\w*)"/.test(line));
}

/** Refused requests and reports of a sentinel are a different case. */
const isNoticed = ({ args, metadata = {} }: Request): boolean => args[3] === 'x' || 'session' in metadata;

describe('a difference between the server and the model is detected and shrinks to a short script', () => {
  it('if a fetch leaves the value in the variable (V4)', { timeout: 120_000 }, async () => {
    const model = mishearing((request) => ({
      ...request,
      verb: request.verb.replace('fetchTry', 'findTry'),
    }));
    const script = await scriptAgainst(model);
    // In a job a worker needs a rank and a registration before its first task.
    expect(script.length).toBeLessThanOrEqual(5);
  });

  it.skipIf(isShort)('if the death of a worker is not noticed (S13)', { timeout: 120_000 }, async () => {
    const model = mishearing((request) => ({
      ...request,
      args: request.args.map((arg) => (arg === 'worker_dead' && !isNoticed(request) ? 'worker_alive' : arg)),
    }));
    const script = await scriptAgainst(model, { job: 'job-requeue' });
    // A rank, a registration, the death, and a request that shows its effect.
    expect(script.length).toBeLessThanOrEqual(6);
    expect(script.join()).toContain('worker_dead');
  });

  it.skipIf(isShort)(
    'if a session carries out a repeated request again (P15.1)',
    async () => {
      const { message } = await failureOf(Session.prototype, 'numbered', (right) => {
        const numbered = right();
        return numbered === undefined ? undefined : { ...Object(numbered), reply: undefined };
      });
      expect(message).toMatch(/a repeated request is answered with|is told otherwise/);
    },
    120_000,
  );

  it.skipIf(isShort)(
    'if a task of a higher priority goes behind the others (S28.2)',
    async () => {
      const { message } = await failureOf(FairQueue.prototype, 'push', (right, _self, [task]) =>
        right(Object.assign(Object(task), { share: NO_SHARE })),
      );
      expect(message).toContain('"priority"');
    },
    120_000,
  );

  it.skipIf(isShort)(
    'if a task whose result is kept is queued again (S29.1)',
    async () => {
      const { message } = await failureOf(KeptResults.prototype, 'knows', () => false, 'job-null');
      expect(message).toContain('"nwsKnown":"1"');
    },
    120_000,
  );

  it.skipIf(isShort)('if a session ends with its connection (P15.3)', { timeout: 120_000 }, async () => {
    const { message } = await failureOf(Session.prototype, 'connectionClosed', (right, _self, [connection]) =>
      right(connection, 'server'),
    );
    expect(message).toContain('There is no such session.');
  });
});

/** What the right model says of a server with a fault. */
async function failureOf(prototype: object, method: string, fault: Faulty, job?: string): Promise<Error> {
  const replaced = replacedMethod(prototype, method, fault);
  try {
    return await failureAgainst(() => new ServerModel(), job === undefined ? {} : { job });
  } finally {
    replaced[Symbol.dispose]();
  }
}
