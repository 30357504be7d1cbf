import { describe, expect, it } from 'vitest';
import type { Client } from './model/client.ts';
import type { SentReply } from './model/replies.ts';
import { ServerModel, type Request } from './model/workspaces.ts';
import { play } from './script.ts';

/** A model that receives a changed request: equivalent to a server that behaves differently. */
const mishearing = (mishear: (request: Request) => Request) => (): ServerModel =>
  new (class extends ServerModel {
    override request(client: Client, request: Request): SentReply[] {
      return super.request(client, mishear(request));
    }
  })();

/** The requests of the smallest script that was found, from the message of its error. */
async function scriptAgainst(model: () => ServerModel, job: { job?: string } = {}): Promise<string[]> {
  const failure: unknown = await play({ runs: 400, steps: 60, seed: 7, patience: 300, model, ...job }).catch(
    (error: unknown) => error,
  );
  if (!(failure instanceof Error && failure.cause instanceof Error)) throw new Error('nothing was found');
  const [, script = ''] = failure.cause.message.split('\nafter\n');
  return script.split('\n').filter((line) => /"(store|fetch\w*|find\w*|ifetch\w*|ifind\w*)"/.test(line));
}

/** Refused requests and reports of a sentinel are a different case. */
const isNoticed = ({ args, metadata = {} }: Request): boolean => args[3] === 'x' || 'session' in metadata;

describe('a difference between the server and the model is detected and shrinks to a short script', () => {
  it('if a fetch leaves the value in the variable (V4)', { timeout: 60_000 }, async () => {
    const model = mishearing((request) => ({
      ...request,
      verb: request.verb.replace('fetchTry', 'findTry'),
    }));
    const script = await scriptAgainst(model);
    expect(script.length).toBeLessThanOrEqual(4);
  });

  it('if the death of a worker is not noticed (S13)', { timeout: 60_000 }, async () => {
    const model = mishearing((request) => ({
      ...request,
      args: request.args.map((arg) => (arg === 'worker_dead' && !isNoticed(request) ? 'worker_alive' : arg)),
    }));
    const script = await scriptAgainst(model, { job: 'job-requeue' });
    // A rank, a registration, the death, and a request that shows its effect.
    expect(script.length).toBeLessThanOrEqual(6);
    expect(script.join()).toContain('worker_dead');
  });
});
