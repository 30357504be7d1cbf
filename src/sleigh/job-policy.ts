/** The rules of a job that a plugin brings as statecharts (S30.3). */

/**
 * A statechart: a machine of XState 5 (`createMachine`, `setup(…).createMachine`), of the subset that the server compiles
 * (docs/decisions/0004-compiled-transitions.md). It names its commands as actions, and the server implements these.
 */
export interface PolicyMachine {
  /** For traces, logs and the page. It must not be that of a machine of the server. */
  readonly id: string;
  readonly config: object;
  readonly implementations: object;
}

/** The machines of a policy, by their roles. The server has its own for a role that is left out. */
export interface JobPolicy {
  /**
   * What becomes of a task whose worker has died or has failed it. Each such task has an actor of its own, until the task is
   * dealt with.
   *
   * - Input: the facts about the task, `Unfinished`.
   * - Events: `task.unfinished`, once, with the same facts; `wait.elapsed`, after each `wait`.
   * - Commands, exactly one for each event: `requeue` (other workers try it; it is first in the queue), `answer` (its master
   *   gets a null result), `drop` (nobody gets a result), `retry` (a copy of a broadcast goes to the same worker again), and
   *   `wait` with the parameter `milliseconds`: then the task stays away from the queue.
   */
  readonly recovery?: PolicyMachine | undefined;
  /**
   * When a task that runs far longer than others gets a second copy on another worker (S31). Each task that exactly one
   * worker has has an actor of its own. The server has no machine for this role: without one, no task gets a second copy.
   *
   * - Input: the facts about the task, `RunningTask`.
   * - Events: `task.running`, once, and `watch.elapsed`, after each `watch`, with the facts of that moment; `task.ended`
   *   when the worker does not have the task any more, which needs no command.
   * - Commands, exactly one for each of the first two events: `watch` with the parameter `milliseconds` (ask again after
   *   that time), `copy` (the next worker without other work gets the task, too) and `runAlone`. An actor that has commanded
   *   `copy` or `runAlone` gets no more events.
   */
  readonly stragglers?: PolicyMachine | undefined;
}
