import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hostsOf } from '../../../src/cluster/link.ts';
import { noPostgres } from '../../../test/support/postgres.ts';
import type { Bed, ServerHost } from './bed.ts';
import { Clocks, FAKETIME } from './clocks.ts';
import { Network, noNamespaces } from './namespaces.ts';
import { PatroniCluster } from './patroni.ts';

const SERVERS = ['a', 'b', 'c'];
const STORES = ['db1', 'db2', 'db3'];
const PORT = 8765;

const HOUR_S = 3_600;

/** What must be installed besides PostgreSQL, and the packages of Debian that have it. */
const PROGRAMS = { patroni: 'patroni', etcd: 'etcd-server', setpriv: 'util-linux' };

/** The reason why there can be none here; undefined if there can. */
export function noFullBed(): string | undefined {
  if (noPostgres !== undefined) return noPostgres;
  for (const [program, from] of Object.entries(PROGRAMS))
    if (spawnSync(program, ['--version']).error !== undefined)
      return `${program} is not installed on this machine (apt-get install ${from})`;
  if (FAKETIME === undefined)
    return 'libfaketime is not installed on this machine (apt-get install faketime)';
  return noNamespaces();
}

/** Three servers and three PostgreSQL with Patroni and etcd, each on a host of its own: a network namespace of this machine. */
export class FullBed implements Bed {
  readonly network: Network;
  readonly engine: PatroniCluster;
  readonly clocks: Clocks;
  readonly hosts: readonly ServerHost[];
  readonly #folder: string;

  private constructor(network: Network, engine: PatroniCluster, folder: string) {
    this.network = network;
    this.engine = engine;
    this.#folder = folder;
    this.clocks = new Clocks(folder);
    for (const [at, name] of SERVERS.entries()) this.clocks.set(name, (at - 1) * HOUR_S);
    this.hosts = SERVERS.map((name) => ({
      name,
      address: network.address(name),
      port: PORT,
      within: network.within(name),
      env: this.clocks.env(name),
    }));
  }

  /** The clock of one server is an hour behind, and that of another one an hour ahead. */
  static async start(): Promise<FullBed> {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-bed-'));
    chmodSync(folder, 0o755);
    const network = new Network([...SERVERS, ...STORES]);
    return new FullBed(network, await PatroniCluster.start(network, STORES, folder), folder);
  }

  get flags(): readonly string[] {
    return ['--store', this.engine.url];
  }

  /** Asks the primary. */
  async ask(text: string): Promise<readonly Record<string, unknown>[]> {
    let failure: unknown;
    for (const url of hostsOf(this.engine.url)) {
      const client = new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: 1_000,
        query_timeout: 3_000,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const {
          rows: [row],
        } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
        if (row?.standby === false) return (await client.query<Record<string, unknown>>(text)).rows;
      } catch (error) {
        failure = error;
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    throw failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
    this.network[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
