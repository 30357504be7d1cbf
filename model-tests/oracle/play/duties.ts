import type { Client } from '../model/client.ts';
import type { Worker } from '../model/crew.ts';
import type { Job } from '../model/job.ts';
import { KEPT, POLICED, POLICIES_JOB, SAYINGS, SECRET, type Rank, type Step } from './steps.ts';

/** The number of ranks that are assigned before workers register: the group closes when all have registered (S4). */
const GROUP = 3;

type Duty = Extract<Step, { do: 'duty' }>;

const ENDED: ReadonlySet<string> = new Set(['dead', 'left', 'deadbeat']);

/** By its sentinel, which is still connected (S19). */
const isReplaceable = ({ state, sentinel }: Pick<Worker, 'state' | 'sentinel'>): boolean =>
  ENDED.has(state) && sentinel.session !== undefined && !ENDED.has(sentinel.state);

/** @returns the rank; 0 if there is none */
export function rankOf(rank: Rank, job: Job | undefined): number {
  if (typeof rank === 'number') return rank;
  const found = job?.workers.find(({ state, isLost, task, sentinel }) => {
    if (rank === 'awaited') return state === 'reserved' || state === 'awaited';
    if (rank === 'lost') return isLost;
    if (rank === 'supervised' || rank === 'busy') {
      const fits = rank === 'supervised' || task !== undefined;
      return fits && state === 'registered' && sentinel.session !== undefined;
    }
    return isReplaceable({ state, sentinel });
  });
  return found?.rank ?? 0;
}

/** The usual action of a client in its role, most of the time. */
export function dutyOf(duty: Duty, job: Job | undefined, self: Client): Step {
  const { client, workspace, dice } = duty;
  switch (job?.roleOf(self)) {
    case 'busy':
      if (dice < 2) return get(duty, 'task', dice === 0 ? 'fetch' : 'fetchTry');
      return dice < 5 ? { do: 'vanish', client, how: 'reset' } : store(duty, 'result');
    case 'idle':
      return dice < 2 ? storeTask(duty) : get(duty, 'task', dice < 8 ? 'fetchTry' : 'fetch');
    case 'ended':
      return dice < 12 ? { do: 'vanish', client, how: 'end' } : get(duty, 'task', 'fetchTry');
    case 'over':
      return dice < 6 ? { do: 'delete ws', client, workspace } : get(duty, 'result', 'fetchTry');
    case 'sentinel':
    case 'none':
    case undefined:
      break;
  }
  return watchOver(duty, job) ?? beginWith(duty, job) ?? collect(duty);
}

const get = ({ client, workspace, batch }: Duty, variable: string, verb: string): Step => {
  return { do: 'get', client, workspace, variable, verb, from: 'start', batch };
};
const store = ({ client, workspace, batch }: Duty, variable: string): Step => {
  return { do: 'store', client, workspace, variable, size: 6, batch };
};

/** Some of the results are kept in a variable (S29), and some of the tasks are for the policies of the server (S31, S32). */
function storeTask(duty: Duty): Step {
  const { dice, workspace } = duty;
  const policed = workspace === POLICIES_JOB ? POLICED[dice % POLICED.length] : undefined;
  const extra = policed ?? (dice % 5 === 0 ? KEPT : undefined);
  return { ...store(duty, 'task'), ...(extra && { extra }) };
}

const collect = (duty: Duty): Step =>
  duty.dice % 2 === 0 ? storeTask(duty) : get(duty, 'result', duty.dice < 6 ? 'fetch' : 'fetchTry');

/** Disconnected workers come back or are reported, and ended ones are replaced (S18, S19). */
function watchOver({ client, workspace, dice }: Duty, job: Job | undefined): Step | undefined {
  const here = { client, workspace };
  const says = SAYINGS[dice % SAYINGS.length] ?? {};
  // The kind of the end matters most for workers with a task.
  if (job?.workers.some(isBusy) === true && dice % 5 === 0)
    return { do: 'report', ...here, rank: 'busy', session: SECRET, says: SAYINGS[dice >> 1] ?? {} };
  if (job?.workers.some(({ isLost }) => isLost) === true && dice % 3 > 0)
    return dice < 8
      ? { do: 'report', ...here, rank: 'lost', session: SECRET, says }
      : { do: 'register', ...here, rank: 'lost', session: 'own', doing: dice < 16 ? 'last' : 'previous' };
  if (hasEnded(job) && dice % 3 > 0) return { do: 'replace', ...here, rank: 'ended', session: SECRET };
  return undefined;
}

const isBusy = ({ state, task, sentinel }: Worker): boolean =>
  state === 'registered' && task !== undefined && sentinel.session !== undefined;

const hasEnded = (job: Job | undefined): boolean => job?.workers.some(isReplaceable) === true;

/** Ranks are assigned, workers register, and get a broadcast. */
function beginWith(duty: Duty, job: Job | undefined): Step | undefined {
  const { client, workspace, dice } = duty;
  // Most ranks are for the supervising sentinel.
  const isLauncher = client === 0 || (client === 1 && dice % 4 === 0);
  const isMaster = client > 3;
  const ranks = job?.workers.filter(({ state }) => !job.isElastic || !ENDED.has(state)).length ?? 0;
  if (ranks < GROUP && (isLauncher || dice === 0)) return get(duty, 'worker_ids', 'fetch');
  if (dice === 1) return isLauncher ? get(duty, 'sentinel_alive', 'fetch') : store(duty, 'broadcast');
  if (!isMaster && dice < 12 && job?.firstAwaited !== undefined && ranks >= GROUP)
    return {
      do: 'register',
      client,
      workspace,
      rank: 'awaited',
      session: dice % 2 === 0 ? 'own' : 'none',
      doing: 'nothing',
    };
  return undefined;
}
