import { foundPieces, type Found } from '../workspace/pending-get.ts';
import type { Listing } from '../workspace/listing.ts';
import type { Refusal } from '../workspace/refusal.ts';
import { sortedInSteps, type Steps } from '../workspace/steps.ts';
import { stateOfSentinel, stateOfWorker, type Sentinel, type Worker } from './agents.ts';

/** The number of agents between two checks of the time. */
const AT_ONCE = 64;

/** Where a report tells of what. */
type Group = [title: string, lines: { readonly since: number; readonly line: string }[]];

const group = (title: string): Group => [title, []];

const isEarlier = (a: { since: number }, b: { since: number }): boolean => a.since < b.since;

const label = (worker: Worker): string => `Worker ${worker.rank}: ${worker.client?.peer ?? ''}`;

const labelOf = ({ actor, client }: Sentinel): string =>
  `Sentinel ${actor.getSnapshot().context.lastRank}: ${client.peer}`;

/**
 * Creates a report as the answer to a get, in steps, because a job may have 100,000 ranks (P14).
 * @param variableId the id of its variable
 */
export function* reported(
  listing: Listing,
  lines: Steps<readonly string[]>,
  variableId: string,
): Steps<Found | Refusal> {
  for (const line of yield* lines) listing.add(line);
  return listing.settle() ?? foundPieces(listing, variableId);
}

/** The text of `agentStatus` (S12): the agents by state, in the order in which they entered it. */
export function* agentStatus(
  workers: Iterable<Worker>,
  sentinels: Iterable<Sentinel>,
  masterWaits: boolean,
): Steps<readonly string[]> {
  const [idle, waiting, busy] = [group('Idle workers'), group('Blocked workers'), group('Active workers')];
  const [dead, lost] = [group('Dead workers'), group('Lost workers')];
  const blocked = group('Blocked sentinels');
  const [active, gone] = [group('Active sentinels'), group('Dead sentinels')];
  const ofWorkers: Record<string, Group> = { idle, waiting, busy, dead, disconnected: lost };
  const ofSentinels: Record<string, Group> = { blocked, active, stopping: active, dead: gone };
  let count = 0;
  for (const worker of workers) {
    ofWorkers[stateOfWorker(worker)]?.[1].push({ since: worker.since, line: `  - ${label(worker)}\n` });
    if (++count % AT_ONCE === 0) yield;
  }
  for (const sentinel of sentinels) {
    ofSentinels[stateOfSentinel(sentinel)]?.[1].push({
      since: sentinel.since,
      line: `  - ${labelOf(sentinel)}\n`,
    });
    if (++count % AT_ONCE === 0) yield;
  }
  const text = [`Master state: ${masterWaits ? 'Blocked for results' : 'Idle'}\n`];
  let previous = 0;
  for (const [title, lines] of [idle, waiting, busy, dead, lost, blocked, active, gone]) {
    // This group appears only when it has members.
    if (title === 'Lost workers' && lines.length === 0) continue;
    text.push(`${previous === 0 ? '\n' : ''}${title}\n`);
    for (const { line } of yield* sortedInSteps(lines, isEarlier)) text.push(line);
    previous = lines.length;
  }
  return text;
}

const HEADER = ['Worker', 'Num Completed', 'Average Time (sec)', '% Active', 'Time on Current Task (sec)'];

interface ScoreboardOptions {
  /** Milliseconds. */
  readonly now: number;
  /** Whether to include how often the worker of each rank was replaced (S19). */
  readonly reportsReplaced: boolean;
}

/** The text of `scoreboard` (S12). */
export function* scoreboard(
  workers: Iterable<Worker>,
  { now, reportsReplaced }: ScoreboardOptions,
): Steps<readonly string[]> {
  const text = [`${[...HEADER, ...(reportsReplaced ? ['Replaced'] : [])].join('\t')}\n`];
  let count = 0;
  for (const worker of workers) {
    if (++count % AT_ONCE === 0) yield;
    if (worker.client === undefined) continue;
    const current = worker.task === undefined ? 0 : now - worker.busySince;
    const present = now - worker.registeredAt;
    const fields = [
      label(worker),
      worker.completed,
      (worker.completed === 0 ? 0 : worker.busyTime / worker.completed / 1000).toFixed(3),
      (present === 0 ? 0 : (100 * (worker.busyTime + current)) / present).toFixed(1),
      (current / 1000).toFixed(3),
      ...(reportsReplaced ? [worker.former?.count ?? 0] : []),
    ];
    text.push(`${fields.join('\t')}\n`);
  }
  return text;
}
