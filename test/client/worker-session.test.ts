import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { followOrders } from '../../src/client/sentinel/follow-orders.ts';
import { WorkerSession } from '../../src/client/worker/worker-session.ts';
import type { JobOrder } from '../../src/wire/job-order.ts';
import { KEY } from '../../src/wire/names.ts';
import { WorkerMain } from '../../src/client/worker/worker-main.ts';
import type { MessageFromWorker, MessageToWorker } from '../../src/client/worker/worker-messages.ts';
import { JOB, VARIABLES } from '../../src/wire/refusals.ts';
import { fateOf, longReply, shortReply } from '../support/server-line.ts';
import { obliging, refusal, ScriptedServer, type Answer } from '../support/scripted-server.ts';

async function pass(server: ScriptedServer, milliseconds: number): Promise<void> {
  server.clock.advance(milliseconds);
  for (let n = 0; n < 8; n++) await endOfTurn();
}

/** A job whose workers may come back for so many seconds. */
const jobWith =
  (grace: string | undefined, busy?: string): Answer =>
  (asked, at) => {
    if (asked.args[0] !== 'store') return obliging(asked, at);
    const said: [string, string][] = [];
    if (grace !== undefined) said.push([KEY.grace, grace]);
    if (busy !== undefined) said.push([KEY.busy, busy]);
    return shortReply('0000', new Map(said));
  };

function registering(answer: Answer, reconnectGrace?: number) {
  const server = new ScriptedServer(answer);
  const making = WorkerSession.make({
    open: () => NwsConnection.openWith(() => server.channel(), {}),
    workspace: 'w',
    rank: 3,
    description: new Map([[KEY.host, 'ada']]),
    reconnectGrace,
    platform: server.platform(),
  });
  /** The metadata of the last registration. */
  const last = (): unknown =>
    Object.fromEntries(server.asked.findLast(({ args: [verb] }) => verb === 'store')?.metadata ?? []);
  return { server, making, last };
}

const REGISTRATION = { [KEY.host]: 'ada', [KEY.session]: 'secret 1', [KEY.type]: 'text' };

describe('the registration of a worker', () => {
  it('opens the workspace, and stores its rank with what describes it', async () => {
    const { server, making, last } = registering(jobWith(undefined));
    const session = await making;
    expect(last()).toEqual(REGISTRATION);
    expect(server.taken()).toEqual([
      '0: use ws | w |  | no | no',
      expect.stringMatching(/^0: store \| w \| .* \| 1 \| 3$/),
    ]);
    expect(await session.use((connection) => Promise.resolve(connection.address))).toBe('ada:8765');
    const over = fateOf(session.over.then(() => 'over'));
    await endOfTurn();
    expect(over.outcome).toBe('pending');
    session.leave();
    for (let n = 0; n < 3; n++) await endOfTurn();
    expect([over.outcome, server.lines[0]?.destroyed, server.clock.running]).toEqual(['over', true, 0]);
  });

  it('that is refused fails, and closes its connection', async () => {
    const { server, making } = registering(({ args: [verb = ''] }) => refusal(verb, '0100', 'no job'));
    await expect(making).rejects.toMatchObject({ code: 'no-workspace' });
    expect([server.lines[0]?.destroyed, server.clock.running]).toEqual([true, 0]);
  });

  it('whose reply is lost is repeated once at once, or within the grace', async () => {
    for (const grace of [undefined, 5]) {
      const { server, making } = registering(() => undefined, grace);
      const fate = fateOf(making);
      for (let n = 0; n < 3; n++) await endOfTurn();
      server.answer = jobWith('0');
      server.lines[0]?.destroy();
      for (let n = 0; n < 8; n++) await endOfTurn();
      expect([server.lines.length, server.clock.running]).toEqual(grace === undefined ? [2, 0] : [1, 1]);
      if (grace !== undefined) await pass(server, 50);
      expect(fate.outcome).toBeInstanceOf(WorkerSession);
      expect([server.lines.length, server.clock.running]).toEqual([2, 0]);
    }
  });

  it('is tried once if the server cannot be reached, and no grace is given', async () => {
    const server = new ScriptedServer();
    server.isDown = true;
    let tried = 0;
    const making = WorkerSession.make({
      open: () => {
        tried++;
        return NwsConnection.openWith(() => server.channel(), {});
      },
      workspace: 'w',
      rank: 3,
      description: new Map(),
      platform: server.platform(),
    });
    await expect(making).rejects.toMatchObject({ code: 'unreachable' });
    expect(tried).toBe(1);
  });

  it('whose server is not there is tried within the grace, however short', async () => {
    for (const grace of [5, 0.001]) {
      const server = new ScriptedServer(jobWith('0'));
      server.isDown = true;
      const making = WorkerSession.make({
        open: () => NwsConnection.openWith(() => server.channel(), {}),
        workspace: 'w',
        rank: 3,
        description: new Map(),
        reconnectGrace: grace,
        platform: server.platform(),
      });
      const fate = fateOf(making);
      await pass(server, 0);
      expect([fate.outcome, server.clock.running]).toEqual(['pending', 1]);
      while (server.clock.running > 0) await pass(server, 50);
      expect(String(fate.outcome)).toContain(`could not come back within ${grace} seconds: `);
    }
  });

  it('that is left while it has no connection is over, and the reason of a loss may be of no interest', async () => {
    const { server, making } = registering(jobWith('20'));
    const session = await making;
    const over = fateOf(session.over.then(() => 'over'));
    server.isDown = true;
    server.lines[0]?.destroy();
    await pass(server, 0);
    expect(over.outcome).toBe('pending');
    session.leave();
    await pass(server, 0);
    expect(over.outcome).toBe('over');
    const other = registering(jobWith('1'));
    const lost = await other.making;
    other.server.isDown = true;
    other.server.lines[0]?.destroy();
    await pass(other.server, 0);
    while (other.server.clock.running > 0) await pass(other.server, 50);
    await expect(lost.use(() => Promise.resolve())).rejects.toMatchObject({ name: 'NotBackError' });
  });

  it('ends with its connection if nobody may come back', async () => {
    const { server, making } = registering(jobWith('0'));
    const session = await making;
    server.lines[0]?.destroy();
    await session.over;
    await expect(session.use(() => Promise.resolve())).rejects.toMatchObject({ code: 'lost' });
    expect([server.lines.length, server.clock.running]).toEqual([1, 0]);
  });

  it('comes back, with the task that it does, and repeats what is under way (S18)', async () => {
    const { server, making, last } = registering(jobWith('20', '1'));
    const session = await making;
    session.task = {
      value: 1,
      descriptor: 1,
      variableId: '',
      index: 0,
      metadata: new Map([[KEY.taskNumber, '9']]),
    };
    let tried = 0;
    const fate = fateOf(session.use((connection) => (tried++, connection.fetchTry('w', 'v'))));
    server.answer = (asked, at) =>
      asked.args[0] === 'fetchTry' && tried < 2 ? undefined : jobWith('20', '1')(asked, at);
    for (let n = 0; n < 3; n++) await endOfTurn();
    server.lines[0]?.destroy();
    await pass(server, 0);
    expect([fate.outcome, server.clock.running]).toEqual(['pending', 1]);
    await pass(server, 50);
    expect([tried, fate.outcome]).toMatchObject([2, { descriptor: 1 }]);
    expect(last()).toEqual({ ...REGISTRATION, [KEY.doing]: '9' });
    expect(session.task).toBeDefined();
    // The server has the result, or has given the task to somebody else.
    server.answer = jobWith('20', '0');
    server.lines[1]?.destroy();
    await pass(server, 0);
    await pass(server, 50);
    expect([session.task, server.lines.length, server.clock.running]).toEqual([undefined, 3, 0]);
  });

  it.each<[what: string, answer: Answer | undefined, text: string | undefined]>([
    ['it is not back in time', undefined, 'could not come back within 1 seconds: ada:8765 cannot be reached'],
    ['it may not return', ({ args: [verb = ''] }) => refusal(verb, '0001', 'no such rank'), 'no such rank'],
    ['the job has ended', ({ args: [verb = ''] }) => refusal(verb, '0100'), undefined],
  ])('is over if %s', async (_what, answer, text) => {
    const { server, making } = registering(jobWith('1'));
    const session = await making;
    const over = fateOf(session.over.then(() => 'over'));
    server.isDown = answer === undefined;
    if (answer !== undefined) server.answer = answer;
    server.lines[0]?.destroy();
    await pass(server, 0);
    while (server.clock.running > 0) await pass(server, 50);
    if (text === undefined) expect(over.outcome).toBe('over');
    else {
      expect(over.outcome).toMatchObject({ name: 'NotBackError' });
      expect(String(over.outcome)).toContain(text);
    }
    // 1 s and 2 s more: the attempt at 3,150 ms is the last.
    expect(server.clock.now()).toBe(answer === undefined ? 3_150 : 50);
    await expect(session.use(() => Promise.resolve())).rejects.toThrow();
  });

  it('passes on what a request throws, and stays', async () => {
    const { server, making } = registering(jobWith('1'));
    const session = await making;
    const wrong = new Error('wrong');
    await expect(session.use(() => Promise.reject(wrong))).rejects.toBe(wrong);
    server.answer = ({ args: [verb = ''] }) => refusal(verb, '0001', JOB.dead().message);
    await expect(session.use((connection) => connection.find('w', 'v'))).rejects.toMatchObject({
      code: 'sleigh-dead',
    });
    expect(server.lines).toHaveLength(1);
  });
});

it('a worker program that does not come back leaves with the reason, which counts no attempt (S22.5)', async () => {
  const job = jobWith('1');
  const server = new ScriptedServer((asked, at) =>
    asked.args[0] === 'fetch' || asked.args[0] === 'ifind' ? undefined : job(asked, at),
  );
  const said: MessageFromWorker[] = [];
  const exits: number[] = [];
  const complaints: string[] = [];
  const listeners: ((message: MessageToWorker) => void)[] = [];
  const link = {
    send: (message: MessageFromWorker) => void said.push(message),
    onMessage: (listener: (message: MessageToWorker) => void) => void listeners.push(listener),
    activity: () => ({ begin: () => undefined, end: () => undefined }),
  };
  const program = new WorkerMain(link, {
    memory: () => 0,
    print: () => undefined,
    complain: (text) => void complaints.push(text),
    exit: (status) => void exits.push(status),
    platform: server.platform(),
  });
  expect(program).toBeDefined();
  listeners[0]?.({ type: 'order', server: {}, workspace: 'w', rank: 3, cancelled: {} });
  await pass(server, 0);
  expect(said).toEqual([{ type: 'ready' }]);
  server.isDown = true;
  for (const line of server.lines) line.destroy();
  for (let n = 0; n < 100 && exits.length === 0; n++) await pass(server, 50);
  const words =
    'it lost its connection, and could not come back within 1 seconds: ada:8765 cannot be reached (ECONNREFUSED)';
  expect(said.slice(1)).toEqual([{ type: 'leaving', why: 'cut-off', words }]);
  expect([exits, complaints.join('').includes(words)]).toEqual([[0], true]);
});

it('a sentinel obeys the orders that are given from now on (S24.5)', async () => {
  const id = '01234567890123456789';
  const orders: unknown[] = [{ order: 'stop', rank: 4 }, 'nonsense', { order: 'cancel', batch: 'b' }];
  let earlier = 2;
  const server = new ScriptedServer(({ args: [verb = ''] }) => {
    if (verb === 'ifindTry' && earlier === 0) return refusal(verb, '0001', VARIABLES.noValue().message);
    if (verb === 'ifindTry') return longReply('{"order":"stop","rank":9}', { index: 2 - earlier-- });
    const next = orders.shift();
    if (next === undefined) return refusal(verb, '0001', JOB.dead().message);
    return longReply(JSON.stringify(next), {
      index: 4 - orders.length,
      metadata: new Map([[KEY.type, 'json']]),
    });
  });
  const connection = await NwsConnection.openWith(() => server.channel(), {});
  const obeyed: JobOrder[] = [];
  await followOrders(connection, 'w', (order) => void obeyed.push(order));
  expect(obeyed).toEqual([
    { order: 'stop', rank: 4 },
    { order: 'cancel', batch: 'b' },
  ]);
  const after = (index: number): string => ` | ${id} | ${index}`;
  expect(server.taken()).toEqual([
    '0: ifindTry | w | #orders',
    `0: ifindTry | w | #orders${after(0)}`,
    `0: ifindTry | w | #orders${after(1)}`,
    `0: ifind | w | #orders${after(1)}`,
    `0: ifind | w | #orders${after(2)}`,
    `0: ifind | w | #orders${after(3)}`,
    `0: ifind | w | #orders${after(4)}`,
  ]);
});
