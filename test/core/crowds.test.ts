import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/wire/request.ts';
import { BusyCore } from '../support/busy-core.ts';

/** The clients of the crowd are numbered from 2; client 1 sends the requests that affect them all. */
const CROWD = Array.from({ length: 100 }, (_, n) => n + 2);

function crowd(isTimeUp: boolean): BusyCore {
  const server = new BusyCore(isTimeUp);
  for (const id of [1, ...CROWD]) server.join(id);
  return server;
}

/** Sends a request without running the steps that follow from it. */
const begin = (server: BusyCore, args: string[], metadata: Readonly<Record<string, string>> = {}): void =>
  server.write(1, encodeRequest(args, new Map(Object.entries(metadata))));

const open = (server: BusyCore, name: string, metadata: Readonly<Record<string, string>> = {}): void => {
  server.tell(1, ['open ws', name, 'x', 'no'], metadata);
  for (const id of CROWD) server.tell(id, ['use ws', name, 'x', 'no', 'no']);
};

/** A job whose ranks are all assigned to client 2, one for each other client. */
function openJob(server: BusyCore, metadata: Readonly<Record<string, string>> = {}): void {
  open(server, 'job', { wstype: 'sleigh', ...metadata });
  for (const _ of CROWD.slice(1)) server.tell(2, ['fetch', 'job', 'worker_ids']);
}
function register(server: BusyCore, ids: readonly number[]): void {
  for (const id of ids) server.tell(id, ['store', 'job', 'worker_ids', '1', String(id - 3)]);
}

/** A request that the crowd waits in, and the event that ends it. */
const WAITS: Record<string, (server: BusyCore) => void> = {
  'a value that all find': (server) => {
    open(server, 'w');
    for (const id of CROWD) server.tell(id, ['find', 'w', 'v']);
    begin(server, ['store', 'w', 'v', '1', 'value']);
  },
  'a variable that is deleted': (server) => {
    open(server, 'w');
    for (const id of CROWD) server.tell(id, [id % 2 === 0 ? 'find' : 'fetch', 'w', 'v']);
    begin(server, ['delete var', 'w', 'v']);
  },
  'a barrier': (server) => {
    open(server, 'w');
    server.tell(1, ['declare var', 'w', 'v', '__barrier']);
    for (const id of [1, ...CROWD]) server.tell(id, ['store', 'w', 'v', '1', '']);
    for (const id of CROWD) server.tell(id, ['find', 'w', 'v']);
    begin(server, ['find', 'w', 'v']);
  },
  'results of a job that ends': (server) => {
    openJob(server);
    for (const id of CROWD) server.tell(id, ['fetch', 'job', 'result'], { batchId: String(id % 7) });
    begin(server, ['store', 'job', 'Sleigh ride over', '1', '1']);
  },
  'results, and the job is deleted': (server) => {
    openJob(server);
    for (const id of CROWD) server.tell(id, ['fetch', 'job', 'result'], { batchId: String(id % 7) });
    for (let n = 0; n < 200; n++) server.tell(1, ['store', 'job', 'task', '1', 'x'], { batchId: String(n) });
    begin(server, ['delete ws', 'job']);
  },
  'broadcasts, as workers': (server) => {
    openJob(server);
    register(server, CROWD.slice(1));
    for (const id of CROWD.slice(1)) server.tell(id, ['fetch', 'job', 'task']);
    begin(server, ['store', 'job', 'broadcast', '1', 'value'], { batchId: 'b' });
  },
  'the group to close': (server) => {
    openJob(server, { rankCount: '20', onDeadWorker: 'null' });
    for (const id of CROWD.slice(40)) server.tell(id, ['fetch', 'job', 'status'], { delay: '100' });
    for (let n = 0; n < 50; n++) server.tell(1, ['store', 'job', 'broadcast', '1', 'x'], { batchId: 'b' });
    register(server, CROWD.slice(1, 21));
    begin(server, ['find', 'job', 'agentStatus']);
  },
};

/** The bytes sent to each client. */
const heard = (server: BusyCore): unknown => [1, ...CROWD].map((id) => server.sent.get(id));

describe('work for many clients is divided into turns (P14)', () => {
  it.each(Object.keys(WAITS))('with the same outcome: %s', (what) => {
    const [calm, busy] = [crowd(false), crowd(true)];
    for (const server of [calm, busy]) WAITS[what]?.(server);
    expect(busy.due.length).toBeGreaterThan(0);
    for (const server of [calm, busy]) while (server.turn());
    expect(heard(busy)).toEqual(heard(calm));
    for (const server of [calm, busy]) {
      for (const id of [1, ...CROWD]) server.leave(id);
      while (server.turn());
      expect([server.core.accounting.memory, server.core.accounting.bytes, server.core.counts]).toEqual([
        0,
        0,
        { timers: 0, connections: 0 },
      ]);
    }
  });

  it('so that others are served before all have been answered', () => {
    const server = crowd(true);
    WAITS['a value that all find']?.(server);
    const answered = (): number => CROWD.filter((id) => (server.sent.get(id) ?? '').endsWith('value')).length;
    const last = CROWD.at(-1) ?? 0;
    expect(answered()).toBeLessThan(CROWD.length);
    server.write(1, encodeRequest(['fetchTry', 'w', 'v'], new Map()));
    server.turn();
    server.leave(last);
    while (server.turn());
    expect(server.sent.get(1)?.endsWith('value')).toBe(true);
    expect(answered()).toBe(CROWD.length - 1);
  });

  it('when a server stops, which closes every connection', () => {
    const server = crowd(true);
    server.stop();
    expect(server.closed.size).toBeLessThan(CROWD.length / 2);
    while (server.turn());
    expect(server.closed).toEqual(new Set([1, ...CROWD]));
  });

  it('when a worker dies, and its copies alone are settled', () => {
    const results = [false, true].map((isTimeUp) => {
      const server = crowd(isTimeUp);
      openJob(server, { onDeadWorker: 'null' });
      register(server, [3, 4]);
      for (let n = 0; n < 80; n++) server.tell(1, ['store', 'job', 'broadcast', '1', 'x'], { batchId: 'b' });
      server.leave(3);
      // One more broadcast while it is being answered for: it reaches the current workers.
      begin(server, ['store', 'job', 'broadcast', '1', 'x'], { batchId: 'b' });
      while (server.turn());
      return (
        server.tell(1, ['find', 'job', 'jobStatus'], { batchId: 'b' }) + server.tell(1, ['list vars', 'job'])
      );
    });
    expect(results[1]).toBe(results[0]);
    expect(results[0]).toContain('result\t80\t');
  });
});
