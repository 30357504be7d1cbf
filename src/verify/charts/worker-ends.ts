import type { AnyEventObject } from 'xstate';
import { VARIABLE, VERB } from '../../wire/names.ts';
import { SUPERVISOR } from '../job.ts';
import { causes, changesNothing } from '../model.ts';
import { mustBeToldOfDeath, type WorkerFixture } from './worker-fixture.ts';
import { isAwaited, isFinal, type Act, type At, type Facts, type Variant } from './worker-tasks.ts';

/** S13, S14: what happens to a worker when a client disconnects. */
export const dies =
  ({ isSupervised }: Variant) =>
  (event: AnyEventObject, facts: Facts, act: (stage: WorkerFixture) => Promise<void>): Act =>
    // It is the last one of its group: if that is closed, the sleigh ends with it, or waits for a replacement (S19).
    causes([event], { ...facts, over: facts.over || (facts.closed && !isSupervised) }, act);

/** S19: its sentinel reports what happens to its task. */
export const reports =
  (task: 'untried' | 'failed' | 'declined', { isSupervised }: Variant) =>
  (at: At): Act => {
    const { facts, state } = at;
    if (!isSupervised)
      return changesNothing(({ job }) =>
        job.mustStore(job.master, [VARIABLE.workerDead, '0'], { status: '0001' }, { ...SUPERVISOR, task }),
      );
    const report = ({ job }: WorkerFixture) => job.mustReport('0', task);
    if (facts.over || isFinal(at)) return changesNothing(report);
    const event = { type: 'death.reported', task };
    if (isAwaited(at)) return causes([event], facts, report);
    const hasTask = facts.hasTask || state === 'registered.busy';
    return causes([event], { ...facts, hasTask: false }, async (stage) => {
      await report(stage);
      await mustBeToldOfDeath(stage, state);
      if (!hasTask) return;
      const { job, batch } = stage;
      // There is another rank, whose worker may register and do it until the group closes.
      if (task === 'failed' || (task === 'declined' && facts.closed))
        await job.mustHaveResult(batch, '0', { value: '', isNull: true });
      else await job.mustGet(job.master, [VERB.find, VARIABLE.jobStatus], { value: '1' }, { batchId: batch });
    });
  };

const replace = ({ job }: WorkerFixture) => job.mustReplace('0', { value: '0' });

/** S19: its sentinel replaces it. */
export const replaces =
  (variant: Variant) =>
  (at: At): Act => {
    const { facts, state } = at;
    if (!variant.isSupervised) return changesNothing(({ job }) => job.mustReplace('0', { status: '0001' }));
    if (facts.over || !facts.sentinelIsThere)
      return changesNothing(({ job }) => job.mustReplace('0', { value: '-1' }));
    const event = { type: 'rank.replaced' };
    if (isAwaited(at)) return causes([event], facts, replace);
    const after = { ...facts, hasTask: false, isReplaced: true };
    if (isFinal(at)) return causes([], after, replace);
    return dies(variant)(event, after, async (stage) => {
      await replace(stage);
      await mustBeToldOfDeath(stage, state);
    });
  };
