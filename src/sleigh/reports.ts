import { stateOfSentinel, stateOfWorker, type Sentinel, type Worker } from './agents.ts';

const inOrder = (a: { since: number }, b: { since: number }): number => a.since - b.since;

const label = (worker: Worker): string => `Worker ${worker.rank}: ${worker.client?.peer ?? ''}`;

/** The text of `agentStatus` (S12): who is in which state, in the order in which they came to it. */
export function agentStatus(
  workers: readonly Worker[],
  sentinels: readonly Sentinel[],
  masterWaits: boolean,
): string {
  const workersIn = (state: string): string[] =>
    workers
      .filter((worker) => stateOfWorker(worker) === state)
      .sort(inOrder)
      .map(label);
  const sentinelsIn = (...states: string[]): string[] =>
    sentinels
      .filter((sentinel) => states.includes(stateOfSentinel(sentinel)))
      .sort(inOrder)
      .map(({ actor, client }) => `Sentinel ${actor.getSnapshot().context.lastRank}: ${client.peer}`);
  const lost = workersIn('lost');
  const groups: [title: string, members: string[]][] = [
    ['Idle workers', workersIn('idle')],
    ['Blocked workers', workersIn('waiting')],
    ['Active workers', workersIn('busy')],
    ['Dead workers', workersIn('dead')],
    ...(lost.length === 0 ? [] : [['Lost workers', lost] as [string, string[]]]),
    ['Blocked sentinels', sentinelsIn('blocked')],
    ['Active sentinels', sentinelsIn('active', 'dismissed')],
    ['Dead sentinels', sentinelsIn('dead')],
  ];
  let text = `Master state: ${masterWaits ? 'Blocked for results' : 'Idle'}\n`;
  let previous: string[] = [];
  for (const [title, members] of groups) {
    text += `${previous.length === 0 ? '\n' : ''}${title}\n${members.map((line) => `  - ${line}\n`).join('')}`;
    previous = members;
  }
  return text;
}

const HEADER = ['Worker', 'Num Completed', 'Average Time (sec)', '% Active', 'Time on Current Task (sec)'];

/** The text of `scoreboard` (S12). @param now milliseconds */
export function scoreboard(workers: readonly Worker[], now: number): string {
  const lines = workers
    .filter(({ client }) => client !== undefined)
    .map((worker) => {
      const current = worker.task === undefined ? 0 : now - worker.busySince;
      const present = now - worker.registeredAt;
      return [
        label(worker),
        worker.completed,
        (worker.completed === 0 ? 0 : worker.busyTime / worker.completed / 1000).toFixed(3),
        (present === 0 ? 0 : (100 * (worker.busyTime + current)) / present).toFixed(1),
        (current / 1000).toFixed(3),
      ].join('\t');
    });
  return `${[HEADER.join('\t'), ...lines].join('\n')}\n`;
}
