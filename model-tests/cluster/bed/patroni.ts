import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { kill } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { POSTGRES_PROGRAMS, POSTGRES_USER, signalAll } from '../../../test/support/postgres.ts';
import type { Network } from './namespaces.ts';
import { LoggedProcess, asUser } from './processes.ts';

/** Milliseconds until three PostgreSQL must be in order again, whatever happened to one of them. */
const PATIENCE_MS = 120_000;

/** Seconds until another one is the primary when the whole host of the primary has ended. */
const TTL = 10;

interface Node {
  readonly name: string;
  readonly folder: string;
  patroni: LoggedProcess;
  readonly etcd: LoggedProcess;
}

/** What a node of Patroni says of itself. */
interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

/** Three PostgreSQL, each with Patroni and etcd on a host of its own. A commit waits for one of the two standbys. */
export class PatroniCluster implements AsyncDisposable {
  readonly #network: Network;
  readonly #nodes: readonly Node[];

  private constructor(network: Network, nodes: readonly Node[]) {
    this.#network = network;
    this.#nodes = nodes;
  }

  static async start(network: Network, names: readonly string[], folder: string): Promise<PatroniCluster> {
    const peers = names.map((name) => `${name}=http://${network.address(name)}:2380`).join(',');
    const nodes = names.map((name) => {
      const own = `${folder}/${name}`;
      mkdirSync(own);
      const { uid, gid } = POSTGRES_USER ?? {};
      if (uid !== undefined && gid !== undefined) chownSync(own, uid, gid);
      writeFileSync(`${own}/patroni.json`, JSON.stringify(configOf(network, names, name, own)));
      const command = [...network.within(name), ...asUser(POSTGRES_USER ?? {}), 'etcd'];
      const etcd = new LoggedProcess({
        command: [...command, ...etcdFlags(network.address(name), name, own, peers)],
        folder: own,
        log: 'etcd.log',
      });
      return { name, folder: own, etcd, patroni: startPatroni(network, name, own) };
    });
    const cluster = new PatroniCluster(network, nodes);
    await cluster.whole();
    return cluster;
  }

  /** The address of the database, with all hosts. */
  get url(): string {
    const hosts = this.#nodes.map(({ name }) => this.#network.address(name));
    return `postgres://sleigh@${hosts.join(',')}/postgres`;
  }

  get names(): readonly string[] {
    return this.#nodes.map(({ name }) => name);
  }

  #api(node: Node, path: string, init: RequestInit = {}): Promise<Response> {
    const url = `http://${this.#network.address(node.name)}:8008${path}`;
    return fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  }

  /** The one that accepts changes, as it says itself. */
  async primary(): Promise<Node | undefined> {
    for (const node of this.#nodes) {
      const reply = await this.#api(node, '/primary').catch(() => undefined);
      if (reply?.status === 200) return node;
    }
    return undefined;
  }

  async #members(): Promise<readonly Member[]> {
    for (const node of this.#nodes) {
      const reply = await this.#api(node, '/cluster').catch(() => undefined);
      if (reply?.ok !== true) continue;
      const cluster: unknown = await reply.json();
      if (isCluster(cluster)) return cluster.members;
    }
    return [];
  }

  /** Waits until there is a primary with a synchronous standby, and all three run. @throws if that does not come */
  async whole(): Promise<void> {
    await this.#until('the three PostgreSQL are not in order', async () => {
      const members = await this.#members();
      const roles = new Set(members.map(({ role }) => role));
      const isRunning = members.every(({ state }) => state === 'running' || state === 'streaming');
      const isWhole = members.length === this.#nodes.length && isRunning;
      return isWhole && roles.has('leader') && roles.has('sync_standby');
    });
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`${what}: ${JSON.stringify(await this.#members())}`);
      await sleep(100);
    }
  }

  /** Another one becomes the primary, in order. @returns when it is, and all are in order again */
  async switchOver(): Promise<void> {
    const former = await this.#primaryForSure();
    const body = JSON.stringify({ leader: former.name });
    const reply = await this.#api(former, '/switchover', { method: 'POST', body });
    if (!reply.ok) throw new Error(`no switchover: ${await reply.text()}`);
    await this.whole();
  }

  /** Kills everything on the host of the primary but etcd, and starts it again when another one has become the primary. */
  async failOver(): Promise<void> {
    const former = await this.#primaryForSure();
    const { name, folder, patroni } = former;
    const [postmaster = ''] = readFileSync(`${folder}/data/postmaster.pid`, 'utf8').split('\n');
    await patroni.kill();
    signalAll(Number(postmaster), 'SIGKILL');
    await this.#until('no standby has become the primary', async () => {
      const primary = await this.primary();
      return primary !== undefined && primary !== former;
    });
    former.patroni = startPatroni(this.#network, name, folder);
    await this.whole();
  }

  async #primaryForSure(): Promise<Node> {
    const primary = await this.primary();
    if (primary === undefined) throw new Error('there is no primary');
    return primary;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { patroni, etcd, folder } of this.#nodes) {
      await patroni.kill();
      await etcd.kill();
      const [postmaster = ''] = readFileSync(`${folder}/data/postmaster.pid`, 'utf8').split('\n');
      signalAll(Number(postmaster), 'SIGKILL');
      await gone(Number(postmaster));
    }
  }
}

async function gone(pid: number): Promise<void> {
  for (;;)
    try {
      kill(pid, 0);
      await sleep(20);
    } catch {
      return;
    }
}

function startPatroni(network: Network, name: string, folder: string): LoggedProcess {
  const command = [
    ...network.within(name),
    ...asUser(POSTGRES_USER ?? {}),
    'patroni',
    `${folder}/patroni.json`,
  ];
  return new LoggedProcess({ command, folder, log: 'patroni.log' });
}

const isCluster = (found: unknown): found is { readonly members: readonly Member[] } =>
  typeof found === 'object' && found !== null && 'members' in found && Array.isArray(found.members);

function etcdFlags(address: string, name: string, folder: string, peers: string): readonly string[] {
  const [peer, client] = [`http://${address}:2380`, `http://${address}:2379`];
  const flags = {
    name,
    'data-dir': `${folder}/etcd`,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'initial-cluster': peers,
    'heartbeat-interval': '300',
    'election-timeout': '3000',
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}

/** JSON is YAML. */
function configOf(network: Network, names: readonly string[], name: string, folder: string): object {
  const at = (port: number) => `${network.address(name)}:${port}`;
  const listening = (port: number) => ({ listen: at(port), connect_address: at(port) });
  const user = { username: 'sleigh' };
  return {
    scope: 'sleigh',
    name,
    restapi: listening(8008),
    etcd3: { hosts: names.map((each) => `${network.address(each)}:2379`) },
    bootstrap: {
      dcs: {
        ttl: TTL,
        loop_wait: 1,
        retry_timeout: 4,
        // Without the second one the primary would go on alone, and acknowledge what a failover loses.
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: {
          use_pg_rewind: true,
          parameters: {
            max_connections: 60,
            shared_buffers: '32MB',
            wal_log_hints: 'on',
            max_wal_senders: 6,
          },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }],
      pg_hba: ['host all all all trust', 'host replication all all trust'],
    },
    postgresql: {
      ...listening(5432),
      data_dir: `${folder}/data`,
      bin_dir: POSTGRES_PROGRAMS,
      pgpass: `${folder}/pgpass`,
      authentication: { superuser: user, replication: user, rewind: user },
      parameters: { unix_socket_directories: '' },
    },
  };
}
