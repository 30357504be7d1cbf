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
  /**
   * Which workers may take a queued task (S32). Each task has an actor of its own when it is queued, or returns to the queue.
   * The server has no machine for this role: without one, every worker may take each task.
   *
   * - Input: the facts about the task, `QueuedTask`.
   * - Events: `task.queued`, once, and `wait.elapsed`, after each `onHost`, with the facts of that moment; `task.taken` when
   *   a worker gets the task, or it leaves the queue in another way, which needs no command.
   * - Commands, exactly one for each of the first two events: `anywhere` (every worker may take the task) and `onHost` with
   *   the parameters `host` and `milliseconds`: only workers of that host may take it, until the time has passed or the last
   *   of them has ended. A task waits at most three times. An actor that has commanded `anywhere` gets no more events.
   */
  readonly placement?: PolicyMachine | undefined;
}
