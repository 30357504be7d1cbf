import { connectionModel } from './charts/connection.ts';
import { joinPhaseModels } from './charts/join-phase.ts';
import { recoveryModels } from './charts/recovery.ts';
import { sentinelModels } from './charts/sentinel.ts';
import { shutdownModels } from './charts/shutdown.ts';
import { sleighModels } from './charts/sleigh.ts';
import { workModel } from './charts/work.ts';
import { workerModels } from './charts/worker.ts';
import { Exploration } from './exploration.ts';
import type { Need } from './test-target.ts';
import type { ChartModel, Closable } from './model.ts';
import type { AnyExploration } from './paths.ts';

/** `long` includes all variants of a machine, and longer simple paths. */
export type Effort = 'short' | 'long';

const LONGER = 1;

/**
 * The models of all machines.
 * @throws ModelError
 */
export function exploreAll(met: ReadonlySet<Need>, effort: Effort): AnyExploration[] {
  const explore = <Context, Facts, Stage extends Closable>(
    model: ChartModel<Context, Facts, Stage>,
  ): AnyExploration => {
    const simpleSteps = model.simpleSteps + (effort === 'long' ? LONGER : 0);
    return new Exploration({ ...model, simpleSteps }, met);
  };
  /** The first variants reach every transition. */
  const some = <T>(models: readonly T[], enough: number): readonly T[] =>
    effort === 'long' ? models : models.slice(0, enough);
  return [
    explore(connectionModel),
    ...some(joinPhaseModels, 2).map(explore),
    explore(workModel),
    ...some(workerModels, 5).map(explore),
    ...some(recoveryModels, 2).map(explore),
    ...some(sentinelModels, 1).map(explore),
    ...some(shutdownModels, 4).map(explore),
    ...some(sleighModels, 3).map(explore),
  ];
}
