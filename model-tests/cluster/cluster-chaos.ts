import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../src/verify/protocol-client.ts';
import { TcpProxy } from '../../src/verify/tcp-proxy.ts';
import { Random } from '../world/random.ts';
import type { Fault } from './faults/fault.ts';
import { JobLoad } from './job-load.ts';
import { PlainLoad } from './plain-load.ts';
import type { Servers } from './servers.ts';

/** Milliseconds between two faults. */
const PACE = { least: 200, most: 800 };

const PATIENCE_MS = 60_000;

export interface ClusterOutcome {
  readonly elements: number;
  /** Replies to plain clients. */
  readonly answered: number;
  /** Elements of the job that were lost, answered twice or failed, and what no one server could have replied. */
  readonly wrongs: readonly string[];
  /** Milliseconds from each kill of an owner to the first reply to a later request. */
  readonly gaps: readonly number[];
}

export interface ClusterRun {
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** Of the plain clients. Each run has its own. */
  readonly workspace?: string;
  /** Whether there is a job. On servers with a planted fault it may never end. The default is true. */
  readonly hasJob?: boolean;
  /** Milliseconds in which something must be answered, whatever happened, and in which the job must end. */
  readonly patienceMs?: number;
}

/** Connects each client to the next server. */
class Rotation extends TcpProxy {
  static async of(next: () => Address): Promise<Rotation> {
    return new Rotation(next).listening();
  }
}

/** Inflicts faults on servers that share a store, one after the other, while plain clients and a job use them. */
export async function clusterChaos(servers: Servers, run: ClusterRun): Promise<ClusterOutcome> {
  const { faults, seed, workspace = 'kept', hasJob = true, patienceMs = PATIENCE_MS } = run;
  const random = new Random(seed);
  using rotation = await Rotation.of(servers.next);
  const plain = await PlainLoad.start(servers.next, workspace, random);
  const job = hasJob ? await JobLoad.start(rotation.address, random) : undefined;
  const wrongs: string[] = [];
  try {
    for (const { inflict } of faults) {
      await progress(plain, job, patienceMs);
      await sleep(random.whole(PACE.least, PACE.most));
      await inflict({ servers, random, killed: () => plain.killed() });
    }
    await progress(plain, job, patienceMs);
  } catch (error) {
    wrongs.push(String(error));
  }
  const ofJob = await job?.end(patienceMs);
  const ofPlain = await plain
    .end(() => servers.takeovers(workspace))
    .catch((error: unknown) => [String(error)]);
  wrongs.push(...(ofJob ?? []), ...ofPlain, ...servers.endings.splice(0));
  return { elements: job?.elements ?? 0, answered: plain.answered, wrongs, gaps: plain.gaps };
}

/**
 * Waits for the next answer of the job, and the next reply. After a kill that is a reply to a later request, so that what is measured for
 * the kill is not due to the next fault.
 * @throws if there is none
 */
async function progress(plain: PlainLoad, job: JobLoad | undefined, patienceMs: number): Promise<void> {
  const [answers, answered] = [job?.answered ?? 0, plain.answered];
  const isDone = (): boolean =>
    (job === undefined || job.answered > answers) && plain.answered > answered && plain.hasRecovered;
  const end = performance.now() + patienceMs;
  while (!isDone()) {
    if (performance.now() > end) throw new Error('nothing is answered any more');
    await sleep(5);
  }
}
