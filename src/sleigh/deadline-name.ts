import type { Entity } from '../store/change.ts';

/** The deadlines that concern the whole job, and those of one worker, sentinel or task. */
export type DeadlineName =
  | 'grace'
  | 'drain'
  | 'joining'
  | 'return of worker'
  | 'absence of sentinel'
  | 'wait of task';

/** The timers of a job that survive the server. */
export interface JobDeadlines {
  /** @param agent the rank of the worker, or the number of the sentinel or of the task, that it concerns */
  start(name: DeadlineName, seconds: number, agent?: number): void;
  stop(name: DeadlineName, agent?: number): void;
  entities(): Iterable<Entity>;
}
