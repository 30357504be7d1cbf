import { NwsConnection } from '../../src/client/connection/connection.ts';
import { TcpServer } from '../../src/transport/server.ts';
import type { SimulatedHost } from '../client-simulation/host/host.ts';
import { simulate, type Report } from '../client-simulation/simulate.ts';
import type { Without } from '../world/faults.ts';
import { EdgeWorld } from '../world/edge/edge-world.ts';
import { Pipeliner } from './pipeliner.ts';
import { breakOff } from './rude-clients.ts';
import { Streamer } from './streamer.ts';

/** Milliseconds within which they come. */
const COMING_MS = 5_000;

export interface EdgeOptions {
  /** Whether the server has a store, and crashes. */
  readonly isStored?: boolean;
  /** Classes with a fault in them, in place of the right ones. */
  readonly Server?: typeof TcpServer;
  readonly Connection?: typeof NwsConnection;
  /** What is left out of the seed. */
  readonly without?: Without | undefined;
}

/**
 * Plays one seed: the client's pool as in the simulation of the client, and clients that use every part of the transport,
 * on the whole server, whose sockets, disk and clock are simulated.
 */
export async function simulateEdge(
  seed: number,
  { isStored = false, Server = TcpServer, Connection = NwsConnection, without }: EdgeOptions = {},
): Promise<Report> {
  const world = new EdgeWorld(seed, { Server, isStored, without });
  const { clients } = world;
  const begin = (host: SimulatedHost): void => {
    const { random, agenda, faults } = world;
    const soon = (act: () => void): void => void agenda.after(random.fraction() * COMING_MS, act);
    // They do not come while nobody listens.
    const soonIfUp = (act: () => void): void => soon(() => world.isListening && act());
    for (let n = faults.has('pipeliners') ? random.whole(1, 3) : 0; n > 0; n--)
      soonIfUp(() => void clients.push(new Pipeliner(world, `pipeliner ${n}`)));
    for (let n = faults.has('rude peers') ? random.whole(0, 3) : 0; n > 0; n--)
      soonIfUp(() => breakOff(world, `rude client ${n}`));
    if (faults.has('streamer') && random.chance(0.5))
      soon(() => {
        const streamer = new Streamer(host, 'streamer');
        clients.push(streamer);
        void streamer.run(Connection);
      });
  };
  const report = await simulate(seed, { begin }, world);
  world.wrongs.push(...clients.flatMap(({ waitsFor }) => waitsFor ?? []));
  return report;
}
