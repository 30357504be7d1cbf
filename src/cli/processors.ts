import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path/posix';

/** Where the number of processors for a program is read from. */
export interface ProcessorSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @returns the text of a file; undefined if there is none */
  readonly read: (path: string) => string | undefined;
  /** The processors of the machine on which this process may run. */
  readonly available: number;
}

/** The variables that batch systems set for a job; the first one that is set counts for each system. */
const BATCH_VARIABLES: readonly (readonly string[])[] = [
  // Slurm
  ['SLURM_CPUS_PER_TASK', 'SLURM_CPUS_ON_NODE'],
  // PBS Professional, OpenPBS, Torque
  ['PBS_NCPUS', 'NCPUS', 'PBS_NUM_PPN', 'PBS_NP'],
  // Grid Engine
  ['NSLOTS'],
  // LSF
  ['LSB_DJOB_NUMPROC', 'LSB_MAX_NUM_PROCESSORS'],
];

/**
 * The default number of workers for this host: the least of the processors on which this process may run, the quota
 * of its control group, and the number that the batch system has assigned to the job.
 */
export function processors(sources: ProcessorSources = THIS_PROCESS): number {
  const { env, available } = sources;
  const given = BATCH_VARIABLES.map((names) =>
    names.map((name) => env[name]).find((text) => text !== undefined && /^[1-9]\d{0,8}$/.test(text)),
  );
  const numbers = given.filter((text) => text !== undefined).map(Number);
  return Math.max(1, Math.min(available, Math.ceil(quota(sources)), ...numbers));
}

const THIS_PROCESS: ProcessorSources = {
  env: process.env,
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  available: availableParallelism(),
};

const GROUPS = '/sys/fs/cgroup';

/**
 * @returns the processor time that the control group and its parents grant, in processors; Infinity if there is no
 *   limit
 */
function quota({ read }: ProcessorSources): number {
  let least = Infinity;
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isUnified = controllers === '';
    if (!isUnified && !controllers.split(',').includes('cpu')) continue;
    const root = isUnified
      ? GROUPS
      : join(GROUPS, read(join(GROUPS, controllers, QUOTA)) === undefined ? 'cpu' : controllers);
    for (const group of upwards(path)) {
      const folder = join(root, group);
      least = Math.min(least, isUnified ? unifiedQuota(folder, read) : oldQuota(folder, read));
    }
  }
  return least;
}

/** The group, its parents, and the root, which may be the only one visible in a container. */
function* upwards(path: string): Generator<string> {
  for (let group = path; ; group = dirname(group)) {
    yield group;
    if (group === '/') return;
  }
}

/** Version 2: `max 100000`, or the microseconds of each period. */
function unifiedQuota(folder: string, read: ProcessorSources['read']): number {
  const [, used, period] = /^(\d+) (\d+)/.exec(read(join(folder, 'cpu.max')) ?? '') ?? [];
  return ratio(used, period);
}

/** Version 1. */
const QUOTA = 'cpu.cfs_quota_us';
const oldQuota = (folder: string, read: ProcessorSources['read']): number =>
  ratio(read(join(folder, QUOTA)), read(join(folder, 'cpu.cfs_period_us')));

/** A quota of -1 means none. */
function ratio(used: string | undefined, period: string | undefined): number {
  const processors = Number(used) / Number(period);
  return processors > 0 ? processors : Infinity;
}
