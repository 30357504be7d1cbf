import type { StoredCluster } from '../../src/core/whole.ts';
import { VERSION } from '../../src/version.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import { WebPage } from '../../src/web/web-page.ts';
import type { Whole } from '../../src/core/whole.ts';

const HOST = '127.0.0.1';
const logger = createLogger('silent');

type Takeovers = StoredCluster['takeovers'];

/** Servers in this process that share partitions: each has a page, and asks the others without a link. */
export interface SimulatedWhole extends AsyncDisposable {
  /** The core of each partition. */
  readonly cores: readonly TcpServer[];
  /** The address of the page of a server. */
  url(server: string): string;
  /** Another server owns the partition from now on; undefined for none. */
  move(partition: number, to: string | undefined): void;
  /** Servers that do not answer. */
  readonly silent: Set<string>;
  /** Servers that are asked, one entry for each time. */
  readonly asked: string[];
  takeovers: Takeovers;
  failures: StoredCluster['failures'];
  /** Whether the leases are over. */
  isOver: boolean;
}

interface WholeOptions {
  /** The owner of each partition at the start. */
  readonly owners: readonly string[];
  readonly write?: string;
}

/** @param owners the owner of each partition at the start; each has a page */
export async function startWhole({ owners, write }: WholeOptions): Promise<SimulatedWhole> {
  const current: (string | undefined)[] = [];
  const names = [...new Set(owners)];
  const cores = await Promise.all(
    owners.map(async () => {
      const core = new TcpServer({}, logger);
      await core.listen(HOST, 0);
      return core;
    }),
  );
  const pages = new Map<string, WebPage>();
  for (const name of names) {
    const options = { port: 0, ...(write !== undefined && { write: true, token: write }) };
    const page = await WebPage.listen(options, HOST, logger);
    if (page !== undefined) pages.set(name, page);
  }
  const silent = new Set<string>();
  const asked: string[] = [];
  const url = (server: string): string => pages.get(server)?.address.url ?? '';
  const storedNow = (): StoredCluster => ({
    readAgoMs: 0,
    partitions: current.map((owner, partition) => ({
      partition,
      epoch: 1 + whole.takeovers.filter((takeover) => takeover.partition === partition).length,
      owner,
      since: owner === undefined ? undefined : Date.now() - 60_000,
      leaseMs: owner === undefined || whole.isOver ? -1_000 : 4_200,
    })),
    servers: names.map((name) => ({
      name,
      address: `${name}:8765`,
      web: url(name),
      version: VERSION,
      agoMs: 1_000,
    })),
    takeovers: whole.takeovers,
    failures: whole.failures,
  });
  const knownBy = (name: string): Whole => ({
    name,
    partitions: owners.length,
    defaultAt: 0,
    host: HOST,
    port: 8765,
    get stored() {
      return storedNow();
    },
    read: () => Promise.resolve(),
    ask: (server, question) => {
      asked.push(server);
      const answer = silent.has(server) ? undefined : pages.get(server)?.answer(question);
      return answer === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve(answer);
    },
  });
  const move = (partition: number, to: string | undefined): void => {
    current[partition] = to;
    const core = cores[partition];
    if (core === undefined) throw new Error(`there is no partition ${partition}`);
    for (const [name, page] of pages) {
      if (name !== to) page.standBy(partition, to === undefined ? undefined : { name: to, web: url(to) });
      else {
        const { partitions, takeovers, servers } = storedNow();
        const stored = { owner: to, since: 0, servers, takeovers, takeoverCount: 1 };
        page.own(partition, core, {
          name,
          partition,
          partitions: owners.length,
          epoch: partitions[partition]?.epoch ?? 0,
          leaseLeftMs: 4_200,
          stored,
        });
      }
    }
  };
  const whole: SimulatedWhole = {
    cores,
    url,
    move,
    silent,
    asked,
    takeovers: [],
    failures: [],
    isOver: false,
    [Symbol.asyncDispose]: async () => {
      for (const page of pages.values()) await page.close();
      for (const core of cores) await core.close();
    },
  };
  for (const [name, page] of pages) page.begin(knownBy(name));
  for (const [partition, owner] of owners.entries()) move(partition, owner);
  return whole;
}
