import { describe, expect, it } from 'vitest';
import type { ClientsView, WorkersView, WorkspacesView, WorkspaceView } from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';

// Lists are searched and sorted by the server, because the page has only a part of them.

function server(): SimulatedServer {
  const made = new SimulatedServer();
  const client = made.connect();
  for (const name of ['beta', 'alpha 10', 'alpha 9']) client.call(['open ws', name, 'owner', 'yes']);
  for (const [name, values] of Object.entries({ few: 1, many: 12, none: 0 })) {
    client.call(['declare var', 'beta', name, 'fifo']);
    for (let i = 0; i < values; i++) client.call(['store', 'beta', name, '1', 'x']);
  }
  return made;
}

describe('a list', () => {
  const views = viewsOf(server());
  const names = (query: string): string[] =>
    viewOf<WorkspacesView>(views, '/api/workspaces', query).items.map(({ title }) => title);
  const variables = (query: string): string[] =>
    viewOf<WorkspaceView>(views, '/api/workspaces/beta', query).list.items.map(({ title }) => title);

  it('is searched for a part of a name, in any case, and counts what it finds', () => {
    expect(names('search=ALPHA')).toEqual(['alpha 10', 'alpha 9']);
    expect(viewOf<WorkspacesView>(views, '/api/workspaces', 'search=alpha&count=1')).toMatchObject({
      total: 2,
      items: [{ title: 'alpha 10' }],
    });
    expect(names('search=nothing')).toEqual([]);
  });

  it('is sorted by a column, in both directions, with numbers in names as numbers', () => {
    expect(names('sort=name&search=a')).toEqual(['__default', 'alpha 9', 'alpha 10', 'beta']);
    expect(names('sort=-name&search=alpha')).toEqual(['alpha 10', 'alpha 9']);
    expect(variables('sort=-values')).toEqual(['many', 'few', 'none']);
    expect(variables('sort=values&from=1')).toEqual(['few', 'many']);
    expect(variables('sort=nonsense')).toEqual(['few', 'many', 'none']);
    expect(variables('sort=constructor')).toEqual(['few', 'many', 'none']);
  });

  it('of clients finds what they wait in, and of workers their rank', () => {
    const made = new SimulatedServer();
    const job = new Job(made);
    const { workers } = job.openCrew(3);
    workers[1]?.wait('fetch', 'task');
    const all = viewsOf(made);
    const clients = viewOf<ClientsView>(all, '/api/clients', 'search=task');
    expect(clients.items.map(({ last }) => last?.verb)).toEqual(['fetch']);
    const found = viewOf<WorkersView>(all, '/api/sleighs/job/workers', 'search=2');
    expect(found.items.map(({ rank }) => rank)).toContain(2);
    expect(found.items.map(({ rank }) => rank)).not.toContain(1);
    const sorted = viewOf<WorkersView>(all, '/api/sleighs/job/workers', 'sort=-rank');
    expect(sorted.items.map(({ rank }) => rank)).toEqual([3, 2, 1, 0]);
  });
});
