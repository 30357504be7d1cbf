import type { Client } from '../model/client.ts';
import type { Place } from '../model/variable.ts';
import type { Request, ServerModel } from '../model/workspaces.ts';
import { JOBS, type From, type Step } from './steps.ts';

/** What a step comes to, as things stand: a request, or something else that a client does. */
export type Action = { do: 'request'; request: Request } | Extract<Step, { do: 'vanish' | 'overrun' }>;

/** Where a client stood when it last read of a variable, by workspace and name. */
export type Places = Map<string, Place>;
export const placeName = (workspace: string, variable: string): string => `${workspace}/${variable}`;

/** The kind of workspace that each name is made as. */
export function kindOf(workspace: string): Record<string, string> {
  const onDeadWorker = workspace.slice('job-'.length);
  return JOBS.includes(workspace) ? { wstype: 'sleigh', onDeadWorker, maxAttempts: '2' } : {};
}

/** How many ranks are given out before workers register: the group closes when all are there (S4). */
const GROUP = 3;

type Duty = Extract<Step, { do: 'duty' }>;

/** What a client that knows its part in a job would do, most of the time. */
function dutyOf({ client, workspace, dice, batch }: Duty, model: ServerModel, self: Client): Step {
  const here = { client, workspace };
  const get = (variable: string, verb: string): Step => {
    return { do: 'get', ...here, variable, verb, from: 'start', batch };
  };
  const store = (variable: string): Step => ({ do: 'store', ...here, variable, size: 6, batch });
  const job = model.job(workspace);
  const isLauncher = client < 2;
  const isMaster = client > 3;
  switch (job?.roleOf(self)) {
    case 'busy':
      if (dice < 2) return get('task', dice === 0 ? 'fetch' : 'fetchTry');
      return dice === 2 ? { do: 'vanish', client, how: 'reset' } : store('result');
    case 'idle':
      return dice < 2 ? store('task') : get('task', dice < 8 ? 'fetchTry' : 'fetch');
    case 'over':
      return dice < 6 ? { do: 'delete ws', ...here } : get('result', 'fetchTry');
    case 'sentinel':
    case 'none':
    case undefined:
      break;
  }
  if ((job?.ranks ?? 0) < GROUP && (isLauncher || dice === 0)) return get('worker_ids', 'fetch');
  if (dice === 1) return isLauncher ? get('sentinel_alive', 'fetch') : store('broadcast');
  if (!isMaster && dice < 12 && job?.firstDeclared !== undefined && job.ranks >= GROUP)
    return { do: 'register', ...here, rank: 0 };
  return dice % 2 === 0 ? store('task') : get('result', dice < 6 ? 'fetch' : 'fetchTry');
}
/** @param value new at each step, so that no two are taken for each other */
export function actionOf(
  step: Step,
  value: string,
  model: ServerModel,
  self: { client: Client; places: Places },
): Action {
  switch (step.do) {
    case 'vanish':
    case 'overrun':
      return step;
    case 'duty':
      return actionOf(dutyOf(step, model, self.client), value, model, self);
    case 'unknown':
      return call('no such verb', ['w']);
    case 'open': {
      const { verb, workspace, persistent, create } = step;
      const args = [workspace, 'someone', persistent ? 'yes' : 'no', create ? 'yes' : 'no'];
      return call(verb, args, kindOf(workspace));
    }
    case 'mktemp':
      return call('mktemp ws', [step.template], step.wstype === undefined ? {} : { wstype: step.wstype });
    case 'list wss':
      return call('list wss', step.workspace === undefined ? [] : [step.workspace]);
    case 'delete ws':
    case 'list vars':
      return call(step.do, [step.workspace]);
    case 'declare':
      return call('declare var', [step.workspace, step.variable, step.mode]);
    case 'delete var':
      return call('delete var', [step.workspace, step.variable]);
    case 'store': {
      const text = step.size === 0 ? '' : value.padEnd(step.size, '.');
      return call('store', [step.workspace, step.variable, '3', text], batchOf(step.batch, { by: value }));
    }
    case 'tell':
      return call('store', [step.workspace, step.variable, '1', step.value]);
    case 'register': {
      // The next rank that nobody has yet, most of the time: else hardly anyone would ever register.
      const rank = step.rank < 7 ? model.job(step.workspace)?.firstDeclared : step.rank - 7;
      return call('store', [step.workspace, 'worker_ids', '1', String(rank ?? 0)], { host: value });
    }
    case 'await':
      return call(
        step.verb,
        [step.workspace, step.variable],
        step.delay === undefined ? {} : { delay: step.delay },
      );
    case 'get':
      break;
  }
  return getOf(step, self.places);
}

function getOf(step: Extract<Step, { do: 'get' }>, places: Places): Action {
  const { verb, workspace, variable, batch } = step;
  const after = verb.startsWith('i') ? placeOf(step.from, placeName(workspace, variable), places) : undefined;
  const metadata = batchOf(batch, {});
  return {
    do: 'request',
    request: { verb, args: [workspace, variable], metadata, ...(after && { after }) },
  };
}

const call = (verb: string, args: string[], metadata = {}): Action => ({
  do: 'request',
  request: { verb, args, metadata },
});

const batchOf = (batch: string | undefined, metadata: Record<string, string>): Record<string, string> =>
  batch === 'all'
    ? { ...metadata, all: '1' }
    : batch === undefined
      ? metadata
      : { ...metadata, batchId: batch };

function placeOf(from: From, here: string, places: Places): Place | undefined {
  if (from === 'stranger') return { variable: undefined, index: 0 };
  const place = from === 'other' ? [...places.values()].at(-1) : places.get(here);
  if (from === 'start' || place === undefined) return undefined;
  const { variable, index = 0 } = place;
  const indexes = { onwards: index, other: index, ahead: index + 2, again: undefined };
  return { variable, index: indexes[from] };
}
