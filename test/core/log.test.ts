import { describe, expect, it, vi } from 'vitest';
import { createMachine } from 'xstate';
import { Session } from '../../src/core/session.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer, type ServerOptions } from '../support/simulated-server.ts';
import { GRACE, SECRET } from './session-client.ts';
import { Supervised } from './supervised.ts';

// Every line that the core and its jobs log, with all its fields.

type Line = readonly [level: string, message: string, fields?: Readonly<Record<string, unknown>> | undefined];

/** A server, and the lines that it has logged. */
function logging(options: ServerOptions = {}) {
  const server = new SimulatedServer(options);
  const { calls }: { readonly calls: readonly Line[] } = vi.spyOn(server.core, 'log').mock;
  return {
    server,
    lines: (message: string) => calls.filter((line) => line[1] === message),
    audited: () => calls.filter(([, , fields]) => fields?.['audit'] === true),
  };
}

const options = (entries: Readonly<Record<string, string>>): string =>
  `X000R000${encodeDictionary(new Map(Object.entries(entries)))}`;
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`option ${n}`, '']));

describe('the log of a connection', () => {
  it.each<[bytes: string, limits: NonNullable<ServerOptions['limits']>, message: string, limit?: string]>([
    [`${options({})}no request`, {}, 'malformed bytes'],
    [options(many(3)), { handshakeOptions: 2 }, 'connection ended: over the limit', 'handshakeOptions'],
    [
      options({ Token: 'x'.repeat(100) }),
      { handshakeBytes: 90 },
      'connection ended: over the limit',
      'handshakeBytes',
    ],
  ])('after %j says which client it was, and which limit it met', (bytes, limits, message, limit) => {
    const { server, lines } = logging({ limits });
    const client = server.accept();
    client.write(bytes);
    expect(client.closed).toBe(true);
    const fields = { peer: client.peer, ...(limit !== undefined && { limit }) };
    expect(lines(message)).toEqual([['info', message, fields]]);
    server.end();
  });

  it.each([
    ['X000', 'handshake not done in time', 'handshakeSeconds'],
    [`${options({})}0001`, 'a request stopped coming', 'requestSeconds'],
  ])('says that what begins with %j has not come in time', (bytes, message, limit) => {
    const { server, lines } = logging({ limits: { handshakeSeconds: 7, requestSeconds: 7 } });
    const client = server.accept();
    client.write(bytes);
    server.advance(6_999);
    expect([client.closed, lines(message)]).toEqual([false, []]);
    server.advance(1);
    expect([client.closed, lines(message)]).toEqual([
      true,
      [['info', message, { peer: client.peer, limit }]],
    ]);
    server.end();
  });

  it('says which request was refused and why, apart from refusals that are no news', () => {
    const { server, lines } = logging();
    const client = server.connect();
    client.call(['peek', 'w']);
    client.call(['store', 'w']);
    client.call(['open ws', 'w', 'x', 'yes']);
    client.call(['findTry', 'w', 'v']);
    client.call(['use ws', 'none', 'x', 'no', 'no']);
    client.write(encodeRequest([], new Map()));
    const { peer } = client;
    expect(lines('request refused')).toEqual(
      [
        { verb: 'peek', code: 'unknown-verb', reason: 'Unknown verb "peek"' },
        { verb: 'store', code: 'arguments', reason: 'Wrong number of arguments for "store"' },
        { verb: 'use ws', code: 'no-workspace', reason: 'No such workspace.' },
        { verb: '', code: 'empty', reason: 'A request needs at least a verb.' },
      ].map((fields) => ['info', 'request refused', { peer, ...fields }]),
    );
  });

  it('says for auditors who asked for what affects others, each once', () => {
    const { server, audited } = logging();
    const [denied, harmless] = [server.accept(), server.connect()];
    for (const bytes of ['X000', `R000${encodeDictionary(new Map([['Speed', '1']]))}`]) denied.write(bytes);
    harmless.disconnect();
    const { peer } = denied;
    expect(audited()).toEqual([['info', 'option denied', { audit: true, peer, option: 'Speed' }]]);
    const killer = server.connect({ options: { KillServerOnClose: '1' } });
    killer.disconnect();
    const what = [
      'the server stops when the connection of this client closes',
      'the server stops: a client asked for it',
    ];
    expect(audited().slice(1)).toEqual(
      what.map((message) => ['info', message, { audit: true, peer: killer.peer }]),
    );
    server.end();
  });

  it('says who was not admitted because there are too many', () => {
    const { server, lines } = logging({ limits: { connectionCount: 1 } });
    server.connect();
    const refused = server.accept();
    expect(refused.closed).toBe(true);
    expect(lines('connection refused: over the limit')).toEqual([
      [
        'warn',
        'connection refused: over the limit',
        { audit: true, peer: refused.peer, limit: 'connectionCount' },
      ],
    ]);
    server.end();
  });
});

const boom = (): never => {
  throw new Error('on purpose');
};
const STORY: unknown = expect.arrayContaining([expect.any(String)]);
const ERROR: unknown = expect.objectContaining({ message: 'on purpose' });
const UNEXPECTED = 'a chart was sent an event that it does not expect';

describe('a fault of the server', () => {
  it('in the machine of a session is logged, and ends the session as if its client had left', () => {
    const { server, lines } = logging({ expectsErrors: true });
    const client = server.connect();
    client.call(['open session', SECRET, String(GRACE)]);
    client.call(['open ws', 'w', 'x', 'no']);
    const [session] = server.core.sessions.all;
    if (session === undefined) throw new Error('there is no session');
    session.startGrace = () => {
      Session.prototype.startGrace.call(session);
      boom();
    };
    client.disconnect();
    expect(lines('a chart failed')).toEqual([
      ['error', 'a chart failed', { peer: client.peer, error: ERROR, story: STORY }],
    ]);
    expect(server.core.sessions.count).toBe(0);
    expect(server.connect().call(['use ws', 'w', 'x', 'no', 'no'])).not.toMatchObject(OK);
    server.end();
  });

  it('in the machine of a lease is logged, and the value returns', () => {
    const { server, lines } = logging({ expectsErrors: true });
    const client = server.connect();
    client.call(['open ws', 'w', 'x', 'yes']);
    client.call(['store', 'w', 'v', '1', 'a']);
    client.call(['takeTry', 'w', 'v', '1000']);
    const [lease] = server.core.connection(client.id).closeListeners;
    if (lease === undefined) throw new Error('there is no lease');
    Object.assign(lease, { stopTimer: boom });
    client.disconnect();
    expect(lines('a chart failed')).toEqual([['error', 'a chart failed', { lease: 1, error: ERROR }]]);
    const other = server.connect();
    other.call(['use ws', 'w', 'x', 'no']);
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject({ value: 'a' });
  });

  it('that sends a machine an event that it does not expect is logged, and has no other effect', () => {
    const { server, lines } = logging({ expectsErrors: true });
    const client = server.connect();
    client.call(['open session', SECRET, String(GRACE)]);
    const [session] = server.core.sessions.all;
    session?.actor.send({ type: 'grace.elapsed' });
    server.core.connection(client.id).actor.send({ type: 'secured' });
    expect(lines(UNEXPECTED)).toEqual([
      ['error', UNEXPECTED, { event: 'grace.elapsed' }],
      ['error', UNEXPECTED, { peer: client.peer, event: 'secured', story: STORY }],
    ]);
    expect(client.call(['list wss'])).toMatchObject(OK);
    server.end();
  });
});

const ended = (reason: string): readonly Line[] => [
  ['warn', 'a sleigh shuts down by itself', { workspace: 'job', reason }],
];

describe('the log of a job', () => {
  it.each(['sleigh', 'work', 'joinPhase', 'shutdown', 'worker.0', 'worker.1', 'sentinel.0'])(
    'says that %s was sent an event that it does not expect, which has no other effect',
    (id) => {
      const { server, lines } = logging({ expectsErrors: true });
      const job = new Job(server);
      job.openCrew(1);
      const [sleigh] = sleighsOf(server);
      const actor = sleigh?.actor(id);
      if (actor === undefined) throw new Error(`there is no ${id}`);
      const send: unknown = Reflect.get(actor, 'send');
      if (typeof send !== 'function') throw new Error(`${id} takes no events`);
      Reflect.apply(send, actor, [{ type: 'no.such.event' }]);
      expect(lines(UNEXPECTED)).toEqual([
        ['error', UNEXPECTED, { workspace: 'job', actor: id, event: 'no.such.event', story: STORY }],
      ]);
      expect(sleigh?.failures.newestFirst).toEqual([
        { time: server.now, actor: id, event: 'no.such.event', clause: '', what: UNEXPECTED },
      ]);
      expect(job.isShuttingDown).toBe(false);
      server.end();
    },
  );

  it.each<[why: string, end: (job: Job, server: SimulatedServer) => void, options?: Record<string, string>]>([
    ['a worker died', (job) => job.openCrew(1).workers[0]?.leave()],
    [
      'no worker was registered at the end of the grace period',
      (job, server) => {
        job.sentinel();
        server.advance(3_600_000);
      },
    ],
    [
      'the group closed without a worker',
      (job, server) => {
        const [worker] = job.openCrew(1).workers;
        server.advance(3_600_000);
        worker?.leave();
        job.close();
      },
      { onDeadWorker: 'requeue' },
    ],
  ])('says that it has ended by itself because %s', (why, end, settings = {}) => {
    const { server, lines } = logging();
    end(new Job(server, settings), server);
    expect(lines('a sleigh shuts down by itself')).toEqual(ended(why));
    server.end();
  });

  it('says that it has ended because a worker failed its task (S7.1)', () => {
    const { server, lines } = logging();
    const job = new Job(server);
    const [worker] = job.openCrew(2).workers;
    job.task('a task');
    worker?.get('fetch', 'task');
    worker?.get('fetchTry', 'task');
    expect(lines('a sleigh shuts down by itself')).toEqual(ended('a worker failed its task'));
    server.end();
  });

  it.each<[reason: string, end: (at: Supervised) => void, why?: string]>([
    ['its connection closed', ({ job }) => job.worker(job.rank(job.visitor())).leave()],
    ['its sentinel is gone', ({ sentinel }) => sentinel.leave()],
    ['its death was reported', ({ job }) => job.master.store('worker_dead', '0')],
    ['its sentinel replaces it', (at) => at.replace(0), 'died'],
    ['signal 9', (at) => at.report(0, { why: 'killed', how: 'signal 9' }), 'killed'],
    [
      'its task was declined',
      (at) => at.report(0, { task: 'declined', how: 'its task was declined' }),
      'died',
    ],
  ])('says that a worker died, which one, and why: %s', (reason, end, why) => {
    const { server, lines } = logging();
    const at = new Supervised(server, { ranks: 2, registered: 1 });
    end(at);
    const rank = reason === 'its connection closed' ? 2 : 0;
    expect(lines('a worker died')).toEqual([
      [
        'warn',
        'a worker died',
        { workspace: 'job', rank, peer: expect.any(String), reason, ...(why !== undefined && { why }) },
      ],
    ]);
    server.end();
  });

  it.each([
    ['throws', { actions: ['answer', boom] }, ERROR, 'it has thrown an error: on purpose'],
    ['commands nothing', {}, undefined, 'it has commanded nothing, and must command one thing'],
  ])('says which policy failed and why, because it %s (S30.3)', (_what, act, error, reason) => {
    const recovery = createMachine({
      id: 'test',
      initial: 'deciding',
      states: {
        deciding: { on: { 'task.unfinished': { target: 'decided', ...act } } },
        decided: { type: 'final' },
      },
    });
    const { server, lines } = logging({ policy: { recovery }, expectsErrors: true });
    const job = new Job(server, { onDeadWorker: 'requeue', join: 'elastic' });
    const [worker] = job.openCrew(1).workers;
    job.task('a task');
    worker?.get('fetch', 'task');
    worker?.leave();
    const fields = { workspace: 'job', plugin: 'test', machine: 'test', task: 1, reason };
    const [[level, , logged] = []] = lines('a policy failed');
    expect([level, logged]).toStrictEqual(['error', error === undefined ? fields : { ...fields, error }]);
  });

  it('says it in a line of less weight if its server stops', () => {
    const { server, lines } = logging({ isStored: false });
    const job = new Job(server);
    job.crew(1);
    server.handle({ type: 'draining' });
    const [[level, , fields] = []] = lines('a sleigh shuts down by itself');
    expect([level, fields]).toEqual(['info', { workspace: 'job', reason: 'the server stops' }]);
  });
});
