import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { thisHost } from '../../src/client/platform.ts';
import { createServer } from '../../src/index.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';
import { BY_HAND } from './by-hand.ts';
import { execute, type Case, type Step } from './replay.mjs';
import { RequestReader } from './request-reader.ts';

/** Every get of this variable waits. */
const WAITS = 'later';
const RECORDED = 'cases/sessions.json';

/** Records the requests of clients, in the order in which they arrive, and loses replies on demand. */
class Recorder extends TcpProxy {
  readonly steps: Step[] = [];
  /** With true the next reply is lost, together with its connection. */
  losesReply = false;
  readonly #secrets = new Map<string, string>();
  readonly #open = new Map<Socket, string>();
  #clients = 0;

  static before(port: number): Promise<Recorder> {
    return new Recorder(() => ({ host: '127.0.0.1', port })).listening();
  }

  /** Cuts the connections so far. */
  cut(): void {
    for (const client of this.#open.keys()) this.#lose(client);
  }

  protected override passage(client: Socket): Passage {
    const on = `c${++this.#clients}`;
    this.#open.set(client, on);
    const reader = new RequestReader();
    let isGreeted = false;
    return {
      sent: (bytes, forward) => {
        for (const request of reader.push(bytes)) {
          if (!isGreeted) this.steps.push({ on, do: 'connect' });
          isGreeted = true;
          if (request !== undefined) this.#record(on, request.args, request.meta);
        }
        forward(bytes);
      },
      received: (bytes, forward) => {
        const isLost = this.losesReply && isGreeted;
        this.losesReply &&= !isLost;
        if (isLost) this.#lose(client);
        else forward(bytes);
      },
      closed: () => {
        if (this.#open.delete(client)) this.steps.push({ on, do: 'close' });
      },
    };
  }

  #record(on: string, args: readonly string[], meta: Readonly<Record<string, string>>): void {
    const [verb = '', secret = ''] = args;
    // Secrets differ from run to run.
    if (verb === 'open session') this.#secrets.set(secret, `secret ${this.#secrets.size + 1} of a client`);
    const named = args.map((each) => this.#secrets.get(each) ?? each);
    this.steps.push({ on, do: verb === 'fetch' && named[2] === WAITS ? 'send' : 'call', args: named, meta });
  }

  #lose(client: Socket): void {
    const on = this.#open.get(client);
    this.#open.delete(client);
    if (on !== undefined) this.steps.push({ on, do: 'close' });
    client.destroy();
  }
}

/** What the TypeScript client asks in a session that loses connections and replies. */
async function askedByClient(port: number): Promise<Step[]> {
  const recorder = await Recorder.before(port);
  const connect = () => thisHost.connect({ ...recorder.address, reconnectGrace: 20 });
  const workspace = 'typescript client with a session';
  const connection = await connect();
  await connection.openWorkspace(workspace);
  recorder.losesReply = true;
  await connection.store(workspace, 'values', 1);
  await connection.store(workspace, 'values', 2);
  recorder.losesReply = true;
  expect((await connection.fetchTry(workspace, 'values'))?.value).toBe(1);
  recorder.losesReply = true;
  expect((await connection.fetch(workspace, 'values')).value).toBe(2);
  // A get that waits when the connection is cut waits again.
  const sent = (): Step[] => recorder.steps.filter((step) => step.do === 'send');
  const waiting = connection.fetch(workspace, WAITS);
  await expect.poll(() => sent().length).toBe(1);
  recorder.cut();
  await expect.poll(() => sent().length).toBe(2);
  const woken = sent().at(-1)?.on ?? '';
  const other = await connect();
  await other.useWorkspace(workspace);
  await other.store(workspace, 'later', 3);
  expect((await waiting).value).toBe(3);
  recorder.steps.push({ on: woken, do: 'woken' });
  for (const each of [other, connection]) {
    const { length } = recorder.steps;
    each.close();
    await expect.poll(() => recorder.steps.length).toBe(length + 2);
  }
  recorder.close();
  return recorder.steps;
}

it('what is said in sessions is as it was recorded (P15); after a change: npx vitest run test/conformance/sessions.test.ts -u', async () => {
  const server = await createServer({ port: 0, logLevel: 'error' });
  const steps = await askedByClient(server.port);
  const name = 'a session of the TypeScript client, which loses replies and connections';
  const cases: Case[] = [...structuredClone(BY_HAND), { name, steps }];
  for (const each of cases) await execute(each, server, (step, reply) => (step.reply = reply));
  await server.close();
  await expect(`${JSON.stringify(cases, null, 1)}\n`).toMatchFileSnapshot(RECORDED);
});
