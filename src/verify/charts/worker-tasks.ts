import { VARIABLE, VERB, type VariableName } from '../../wire/names.ts';
import { eventually } from '../mismatch.ts';
import { causes, changesNothing, impossible, type Effect, type Situation } from '../model.ts';
import { NO_VALUE, SLEIGH_DEAD, WORKER_DEAD } from './replies.ts';
import type { WorkerFixture } from './worker-fixture.ts';

/** The properties of a sleigh that determine the replies to a worker. The policy is `null`. */
export interface Facts {
  readonly over: boolean;
  /** A broadcast has begun the join phase, which then takes a minute (S5). */
  readonly joining: boolean;
  readonly closed: boolean;
  readonly deleted: boolean;
  readonly drained: boolean;
  readonly sentinelIsThere: boolean;
  readonly isConnected: boolean;
  /** It was disconnected during a task (S18). */
  readonly hasTask: boolean;
  /** Another worker will register, or has registered, under its rank (S19). */
  readonly isReplaced: boolean;
}

/** The sleigh and the worker. */
export interface Variant {
  readonly isElastic: boolean;
  /** It gave its session and may come back (S18). */
  readonly mayReturn: boolean;
  /** Its sentinel reports how it ended (S19). */
  readonly isSupervised: boolean;
}

/** Those that neither come back by their registration nor are supervised may have a session (P15). */
export const hasSession = ({ isElastic, mayReturn, isSupervised }: Variant): boolean =>
  !isElastic && !mayReturn && !isSupervised;

export interface Context {
  readonly rank: number;
}

export type At = Situation<Context, Facts>;
export type Act = Effect<Facts, WorkerFixture>;

export const isRegistered = ({ state }: At): boolean => state.startsWith('registered');
/** It may register, and has not. */
export const isAwaited = ({ state }: At): boolean => state === 'reserved' || state === 'replacing';
export const isFinal = ({ state }: At): boolean => ['deadbeat', 'dead', 'left'].includes(state);

export const BLOCKED = impossible('its connection is blocked (P5.3)');

export const asked = (available: boolean, waits: boolean) => ({
  type: 'task.asked',
  queued: available ? 1 : 0,
  copies: 0,
  waits,
});

type Availability = 'one is there' | 'none, it waits' | 'none, it does not wait';

export function askForTask(wanted: Availability, variant: Variant): (at: At) => Act {
  const waits = wanted !== 'none, it does not wait';
  const event = asked(wanted === 'one is there', waits);
  const ask = async (stage: WorkerFixture): Promise<void> => {
    const { job, worker } = stage;
    if (wanted === 'none, it waits') return stage.wait();
    if (wanted === 'none, it does not wait') {
      await job.mustGet(worker, [VERB.fetchTry, VARIABLE.task], NO_VALUE);
      return;
    }
    stage.batch = await stage.storeTask(VARIABLE.task);
    stage.note(await job.mustGet(worker, [VERB.fetch, VARIABLE.task], { value: stage.batch }));
  };
  return (at) => {
    const { facts, state } = at;
    const verb = waits ? VERB.fetch : VERB.fetchTry;
    if (state === 'registered.waiting') {
      if (facts.over || !hasSession(variant)) return BLOCKED;
      // P15.5: over the next connection of its session.
      return causes([event], facts, async (stage) => {
        await stage.resume();
        await ask(stage);
      });
    }
    if (facts.over)
      return changesNothing((stage) =>
        stage.asSomebody(facts.isConnected, async (who) => {
          await stage.job.mustGet(who, [verb, VARIABLE.task], SLEIGH_DEAD);
        }),
      );
    switch (state) {
      case 'registered.idle':
        return causes([event], facts, ask);
      case 'registered.busy':
        // S7.1: it has failed its task, and asks for another.
        return causes([asked(false, waits), event], facts, async (stage) => {
          const failed = stage.batch;
          await ask(stage);
          await stage.mustHaveFailedTask(failed);
        });
      case 'dead':
        return facts.isConnected
          ? changesNothing(async ({ job, worker }) => {
              await job.mustGet(worker, [verb, VARIABLE.task], WORKER_DEAD);
            })
          : impossible('its connection has closed');
      default:
        return askAsNobody(wanted);
    }
  };
}

/** S7: a client that is not a worker never gets a task. */
const askAsNobody = (wanted: Availability): Act => {
  if (wanted === 'one is there')
    return impossible('who is no worker gets none, and it would lie there for others');
  return changesNothing(({ job }) =>
    job.asStranger(async (stranger) => {
      if (wanted === 'none, it does not wait') {
        await job.mustGet(stranger, [VERB.fetchTry, VARIABLE.task], NO_VALUE);
        return;
      }
      const pending = job.beginToGet(stranger, VERB.fetch, VARIABLE.task);
      await eventually(async () =>
        (await job.listed(VARIABLE.task)).fetchers === 1
          ? undefined
          : 'a get of task is not listed as waiting',
      );
      job.mustWait('who is no worker', pending);
    }),
  );
};

export const offer =
  (variable: VariableName, { isElastic }: Variant) =>
  (at: At): Act => {
    const { facts, state } = at;
    if (facts.over)
      return changesNothing(({ job }) =>
        job.mustStore(job.master, [variable, 'late'], {
          status: '5001',
          reason: 'Store failed: sleigh is shutting down.',
        }),
      );
    if (state !== 'registered.waiting') return impossible('only who waits is offered one');
    const joining = facts.joining || (variable === VARIABLE.broadcast && !facts.closed && !isElastic);
    return causes([{ type: 'task.offered' }], { ...facts, joining }, async (stage) => {
      stage.batch = await stage.storeTask(variable);
      const told = { value: stage.batch };
      stage.note(await stage.job.mustBeTold('the worker that waits for a task', stage.pending, told));
    });
  };
