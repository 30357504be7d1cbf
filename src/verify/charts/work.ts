import { workMachine, type Asker } from '../../machines/work.ts';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { Job } from '../job.ts';
import { causes, type ChartModel, type Effect, type Situation, type Stimulus } from '../model.ts';
import { NO_TASK, NO_VALUE, SLEIGH_DEAD, WORKER_DEAD } from './replies.ts';
import { WorkFixture } from './work-fixture.ts';

type At = Situation<unknown, null>;
type Act = Effect<null, WorkFixture>;

const NO_FIND = { status: '0001', reason: 'find is not supported on the task queue' };
const SHUTTING_DOWN = { status: '5001', reason: 'Store failed: sleigh is shutting down.' };

const asksForTask = (asker: Asker, takes = true, waits = false) => ({
  type: 'task.asked',
  asker,
  takes,
  waits,
});
const asksForResult = (asker: Asker, available: number, waits = false) => ({
  type: 'result.asked',
  asker,
  available,
  waits,
});
const stores = (asker: Asker) => ({ type: 'result.stored', asker });

/** A worker does the available task, and the master fetches its result. */
const DONE = [asksForTask('worker'), stores('worker'), asksForResult('outsider', 1)];

const isOpen = ({ state }: At): boolean => state === 'open';

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
): Stimulus<unknown, null, WorkFixture> => ({ aims, comesTo });

/** While the sleigh shuts down, a client that asks for work is told that it is dead. */
const orDead = (at: At, expected: { status: string; reason: string }) =>
  isOpen(at) ? expected : SLEIGH_DEAD;

const stored = (variable: typeof VARIABLE.task | typeof VARIABLE.broadcast) => {
  const event = { type: `${variable}.stored` };
  return stimulus([event.type, 'task.asked', 'result.stored', 'result.asked'], (at) =>
    isOpen(at)
      ? causes([event, ...DONE], null, (stage) => stage.storeAndDo(variable))
      : causes([event], null, ({ job }) => job.mustStore(job.master, [variable, 'late'], SHUTTING_DOWN)),
  );
};

const stimuli: ChartModel<unknown, null, WorkFixture>['stimuli'] = {
  'task.stored': stored(VARIABLE.task),
  'broadcast.stored': stored(VARIABLE.broadcast),
  'result.stored, by a client that is no worker': stimulus(['result.stored'], () =>
    causes([stores('outsider')], null, ({ job }) =>
      job.mustStore(job.master, [VARIABLE.result, 'none'], NO_TASK),
    ),
  ),
  'task.asked, find': stimulus(['task.asked'], (at) =>
    causes([asksForTask('worker', false)], null, async ({ job, worker }) => {
      await job.mustGet(worker, [VERB.findTry, VARIABLE.task], orDead(at, NO_FIND));
    }),
  ),
  'task.asked, by a worker that has ended': stimulus(['task.asked'], (at) =>
    causes([asksForTask('ended')], null, async ({ job, ended }) => {
      await job.mustGet(ended, [VERB.fetchTry, VARIABLE.task], orDead(at, WORKER_DEAD));
    }),
  ),
  'task.asked, by a client that is no worker': stimulus(['task.asked'], (at) =>
    causes([asksForTask('outsider')], null, async ({ job }) => {
      await job.mustGet(job.master, [VERB.fetchTry, VARIABLE.task], orDead(at, NO_VALUE));
    }),
  ),
  'task.asked, by a client that is no worker, it waits': stimulus(['task.asked'], (at) =>
    causes([asksForTask('outsider', true, true)], null, (stage) => stage.ask(VARIABLE.task, isOpen(at))),
  ),
  'result.asked, by a worker that has ended': stimulus(['result.asked'], (at) =>
    causes([asksForResult('ended', 0)], null, async ({ job, ended }) => {
      await job.mustGet(ended, [VERB.fetchTry, VARIABLE.result], orDead(at, WORKER_DEAD));
    }),
  ),
  'result.asked, there is none': stimulus(['result.asked'], (at) =>
    causes([asksForResult('outsider', 0)], null, async ({ job }) => {
      await job.mustGet(job.master, [VERB.fetchTry, VARIABLE.result], orDead(at, NO_VALUE));
    }),
  ),
  'result.asked, there is none, it waits': stimulus(['result.asked'], (at) =>
    causes([asksForResult('outsider', 0, true)], null, (stage) => stage.ask(VARIABLE.result, isOpen(at))),
  ),
  'task.returned': stimulus(['task.returned', 'shutdown.started'], (at) => {
    const taken = [{ type: 'task.stored' }, asksForTask('worker')];
    const returned = { type: 'task.returned' };
    return isOpen(at)
      ? causes([...taken, returned, ...DONE], null, (stage) => stage.comeBackWithoutTask())
      : causes([], null, ({ job }) => job.mustRun(0));
  }),
  'shutdown.started': stimulus(['shutdown.started'], (at) =>
    isOpen(at)
      ? causes([{ type: 'shutdown.started' }], null, (stage) => stage.endSleigh())
      : causes([], null, (stage) => stage.endSleigh()),
  ),
  'shutdown.started, while a worker has a task that never reached it': stimulus(
    ['shutdown.started', 'task.returned'],
    (at) => {
      if (!isOpen(at)) return causes([], null, ({ job }) => job.mustRun(0));
      const taken = [{ type: 'task.stored' }, asksForTask('worker')];
      const over = [{ type: 'shutdown.started' }, { type: 'task.returned' }];
      return causes([...taken, ...over], null, (stage) => stage.endWithTask());
    },
  ),
};

const check =
  (expected: { status: string; reason: string }) =>
  async ({ job }: WorkFixture): Promise<void> => {
    await job.mustGet(job.master, [VERB.findTry, VARIABLE.result], expected);
  };

export const workModel: ChartModel<unknown, null, WorkFixture> = {
  variant: '',
  machine: workMachine,
  input: undefined,
  facts: null,
  stimuli,
  checks: { open: check(NO_VALUE), closed: check(SLEIGH_DEAD) },
  bound: 'one worker that may come back, and one that has ended; a task or a broadcast at a time',
  simpleSteps: 2,
  open: async (testPath) =>
    WorkFixture.open(await Job.open(testPath.target.server, { onDeadWorker: 'null', reconnectGrace: '300' })),
};
