import { describe, expect, it } from 'vitest';
import type { ClusterFigures } from '../../src/core/whole.ts';
import { clusterView } from '../../src/views/cluster.ts';
import type { OverviewView } from '../../src/views/types.ts';
import { Views } from '../../src/views/views.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { aboutOf, viewOf, viewsOf } from '../support/views.ts';

const claim = {
  partition: 0,
  time: 1_000,
  epoch: 1,
  owner: 'a',
  former: undefined,
  leaseOverMs: undefined,
};
const cluster: ClusterFigures = {
  name: 'a',
  partition: 0,
  partitions: 1,
  epoch: 4,
  leaseLeftMs: 2_500,
  stored: {
    owner: 'a',
    since: 4_000,
    servers: [{ name: 'a', address: 'a:8765', web: 'http://a:8766/', version: '1', agoMs: 300 }],
    takeovers: [],
    takeoverCount: 4,
  },
};

describe('the servers in the page', () => {
  it('are part of the overview if they share a store, and null otherwise', () => {
    const server = new SimulatedServer();
    expect(viewOf<OverviewView>(viewsOf(server), '/api/overview').cluster).toBeNull();
    const views = new Views(server.core, { ...aboutOf(server), cluster });
    expect(viewOf<OverviewView>(views, '/api/overview').cluster).toEqual({
      name: 'a',
      partition: 0,
      partitions: 1,
      owner: 'a',
      epoch: 4,
      since: 4_000,
      leaseLeft: 2_500,
      servers: [{ name: 'a', address: 'a:8765', web: 'http://a:8766/', version: '1', ago: 300 }],
      takeovers: [],
      takeoverCount: 4,
    });
  });

  it('have no time left when the lease is over, and no figures before the store was asked', () => {
    const stored = { ...cluster.stored, owner: undefined, since: undefined };
    const view = clusterView({ ...cluster, leaseLeftMs: -1, stored });
    expect(view).toMatchObject({ owner: null, since: null, leaseLeft: 0 });
  });

  it('have takeovers, each with its reason', () => {
    const takeovers = [
      { ...claim, epoch: 4, former: 'a', leaseOverMs: -400 },
      { ...claim, epoch: 3, former: 'b', leaseOverMs: 120 },
      { ...claim, epoch: 2, owner: 'b', former: 'a' },
      claim,
    ];
    const view = clusterView({ ...cluster, stored: { ...cluster.stored, takeovers } });
    expect(view.takeovers).toEqual([
      { time: 1_000, epoch: 4, from: 'a', to: 'a', reason: 'restarted', leaseOver: null },
      { time: 1_000, epoch: 3, from: 'b', to: 'a', reason: 'lease over', leaseOver: 120 },
      { time: 1_000, epoch: 2, from: 'a', to: 'b', reason: 'released', leaseOver: null },
      { time: 1_000, epoch: 1, from: null, to: 'a', reason: 'first', leaseOver: null },
    ]);
  });

  it('have no link to a page whose address is not one of HTTP', () => {
    const servers = [{ name: 'x', address: 'x:1', web: 'javascript:alert(1)', version: '1', agoMs: 0 }];
    expect(clusterView({ ...cluster, stored: { ...cluster.stored, servers } }).servers[0]?.web).toBeNull();
  });
});
