import type { Client } from '../model/client.ts';
import type { Worker } from '../model/crew.ts';
import type { Place } from '../model/variable.ts';
import type { Request, ServerModel } from '../model/workspaces.ts';
import { dutyOf, rankOf } from './duties.ts';
import {
  OPTIONS,
  SECRET,
  type Batch,
  type Extra,
  type From,
  type Lasts,
  type Step,
  type WhichLease,
} from './steps.ts';

/** The effect of a step in the current state: a request, or another action of a client. */
export type Action =
  | { do: 'request'; request: Request }
  | Extract<Step, { do: 'vanish' | 'overrun' | 'crash' | 'pass' }>;

/**
 * Milliseconds of a period. Leases last some periods and fewer milliseconds than one, different ones each, so that no two
 * elapse at the same time.
 */
export const PERIOD_MS = 300;

/** @param value new at each step */
function millisecondsOf(lasts: Lasts, value: string): string {
  return typeof lasts === 'string'
    ? lasts
    : String((lasts - 1) * PERIOD_MS + 1 + (numberIn(value) % (PERIOD_MS - 1)));
}
/** Of workers; some name none. */
const HOSTS = ['ada', 'bob', 'ada', undefined];
const numberIn = (value: string): number => Number(value.slice(1));

/** The last position of a client in a variable, by workspace and name. */
export type Places = Map<string, Place>;
export const placeName = (workspace: string, variable: string): string => `${workspace}/${variable}`;

/** The type of the workspace that each name is created with. */
export const kindOf = (workspace: string): Extra => OPTIONS[workspace] ?? {};

/** @param value new at each step, so that all values differ */
export function actionOf(
  step: Step,
  value: string,
  model: ServerModel,
  self: { client: Client; places: Places },
): Action {
  switch (step.do) {
    case 'vanish':
    case 'overrun':
    case 'crash':
    case 'pass':
      return step;
    case 'take':
      return call(step.verb, [step.workspace, step.variable, millisecondsOf(step.lasts, value)]);
    case 'end lease':
      return call(step.do, [leaseOf(step.which, model, self.client), step.how]);
    case 'extend lease':
      return call(step.do, [leaseOf(step.which, model, self.client), millisecondsOf(step.lasts, value)]);
    case 'duty':
      return actionOf(dutyOf(step, model.job(step.workspace), self.client), value, model, self);
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
      return call(
        'declare var',
        [step.workspace, step.variable, step.mode],
        step.capacity === undefined ? {} : { capacity: step.capacity },
      );
    case 'delete var':
      return call('delete var', [step.workspace, step.variable]);
    case 'store': {
      const text = step.size === 0 ? '' : value.padEnd(step.size, '.');
      const metadata = batchOf(step.batch, { by: value, ...step.extra });
      return call(step.verb ?? 'store', [step.workspace, step.variable, '3', text], metadata);
    }
    case 'tell':
      return call('store', [step.workspace, step.variable, '1', step.value]);
    case 'register': {
      const job = model.job(step.workspace);
      const rank = rankOf(step.rank, job);
      const host = HOSTS[numberIn(value) % HOSTS.length];
      const metadata = { ...(host && { host }), ...claims(step, job?.workers[rank]) };
      return call('store', [step.workspace, 'worker_ids', '1', String(rank)], metadata);
    }
    case 'replace': {
      const rank = String(rankOf(step.rank, model.job(step.workspace)));
      const session = step.session === undefined ? {} : { session: step.session };
      return call('fetch', [step.workspace, 'worker_ids'], { ...session, replaces: rank });
    }
    case 'report': {
      const rank = String(rankOf(step.rank, model.job(step.workspace)));
      return call('store', [step.workspace, 'worker_dead', '1', rank], {
        ...step.says,
        session: step.session,
      });
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

/** @returns the number of such a lease; 0 if there is none */
function leaseOf(which: WhichLease, { leases }: ServerModel, self: Client): string {
  const { held, ended } = leases;
  const found = {
    own: held.find(({ holder, number }) => holder === self && number !== undefined),
    other: held.find(({ holder }) => holder !== self),
    ended: ended.findLast(({ holder }) => holder === self),
    none: undefined,
  }[which];
  return found?.number ?? '0';
}

/** S18: the metadata of a worker that may come back. */
function claims({ session, doing }: Extract<Step, { do: 'register' }>, worker: Worker | undefined): Extra {
  if (session === 'none') return {};
  const number = worker?.number ?? 0;
  let life = session === 'former' ? -1 : 0;
  for (let former = worker?.former; former !== undefined; former = former.former) life++;
  const says = { last: String(number), previous: String(number - 1), nothing: undefined, nonsense: 'much' }[
    doing
  ];
  return { session: `life ${life}`, ...(says !== undefined && { doing: says }) };
}

function getOf(step: Extract<Step, { do: 'get' }>, places: Places): Action {
  const { verb, workspace, variable, batch } = step;
  const after = verb.startsWith('i') ? placeOf(step.from, placeName(workspace, variable), places) : undefined;
  // The first sentinel supervises, in every job (S19).
  const isRank = variable === 'worker_ids' && step.client === 0;
  // The `jobStatus` of a mailbox is open.
  const of = batch === 'box' && variable !== 'result' ? 'b' : batch;
  const metadata = batchOf(of, { ...(isRank && { session: SECRET }), ...step.extra });
  return {
    do: 'request',
    request: { verb, args: [workspace, variable], metadata, ...(after && { after }) },
  };
}

const call = (verb: string, args: string[], metadata = {}): Action => ({
  do: 'request',
  request: { verb, args, metadata },
});

function batchOf(batch: Batch, metadata: Extra): Extra {
  if (batch === 'all') return { ...metadata, all: '1' };
  if (batch === 'box') return { ...metadata, mailbox: 'box', batchId: 'a,b' };
  return batch === undefined ? metadata : { ...metadata, batchId: batch };
}

function placeOf(from: From, here: string, places: Places): Place | undefined {
  if (from === 'stranger') return { variable: undefined, index: 0 };
  const place = from === 'other' ? [...places.values()].at(-1) : places.get(here);
  if (from === 'start' || place === undefined) return undefined;
  const { variable, index = 0 } = place;
  const indexes = { onwards: index, other: index, ahead: index + 2, again: undefined };
  return { variable, index: indexes[from] };
}
