import { describe, expect } from 'vitest';
import type { ClientsView, ClientView } from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { it } from '../support/on-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';
import { Visitor } from '../support/visitor.ts';

describe('the view of clients', () => {
  it('shows their last request, whether they wait, what they own, and their role in a job', (server) => {
    const job = new Job(server);
    const { workers, sentinel } = job.openCrew(1);
    server.now += 500;
    workers[0]?.wait('fetch', 'task');
    const views = viewsOf(server);
    expect(viewOf<ClientView>(views, `/api/clients/${workers[0]?.client.id}`)).toMatchObject({
      state: 'open.blocked.silent',
      connectedAt: server.now - 500,
      requests: 3,
      last: {
        verb: 'fetch',
        workspace: { name: 'job' },
        variable: { name: 'task' },
        at: server.now,
        waits: true,
      },
      actor: { chart: 'connection', last: { event: 'request.blocked', clause: 'V4' } },
      owns: [],
      roles: [{ sleigh: { name: 'job' }, actor: 'worker.0' }],
    });
    expect(viewOf<ClientView>(views, `/api/clients/${sentinel.client.id}`).roles).toMatchObject([
      { actor: 'sentinel.0' },
    ]);
    expect(viewOf<ClientView>(views, `/api/clients/${job.owner.client.id}`).owns).toMatchObject([
      { name: 'job' },
    ]);
    const page = viewOf<ClientsView>(views, '/api/clients', 'from=2&count=1');
    expect(page).toMatchObject({ total: 4, from: 2, items: [{ id: 3 }] });
  });

  it('lists them by state or by an outer state, and does not count disconnected ones', (server) => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => Visitor.of(server, name));
    a?.wait('fetch', 'x');
    b?.wait('fetch', 'x');
    b?.client.write('00');
    c?.client.write('00');
    d?.client.disconnect();
    const listed = (query: string): unknown => {
      const { total, counts, items } = viewOf<ClientsView>(viewsOf(server), '/api/clients', query);
      return { total, counts, ids: items.map(({ id }) => id) };
    };
    const counts = {
      'open.blocked.silent': 1,
      'open.blocked.receiving': 1,
      'open.ready.receiving': 1,
    };
    expect(listed('')).toEqual({ total: 3, counts, ids: [1, 2, 3] });
    expect(listed('state=open.blocked')).toEqual({ total: 2, counts, ids: [1, 2] });
    expect(listed('state=open.blocked.receiving&from=0')).toEqual({ total: 1, counts, ids: [2] });
    expect(listed('state=open.blocked&from=1')).toEqual({ total: 2, counts, ids: [2] });
    expect(listed('state=open.block')).toEqual({ total: 0, counts, ids: [] });
  });

  it('counts them by how long they were blocked', (server) => {
    const [a, b] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    a.wait('fetch', 'x');
    server.now += 400;
    b.store('x', '1');
    const histogram = server.core.figures.blocked.get('fetch');
    expect(histogram?.sum).toBeCloseTo(0.4);
    expect(histogram?.counts).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });
});
