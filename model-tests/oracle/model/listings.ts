import type { Client } from './client.ts';
import type { Crew } from './crew.ts';
import { text, type Reply } from './replies.ts';

const escape = (value: string): string => value.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** The members of a group in any order: this model does not keep the order of their entry. */
const anyOrder = (lines: string[]): string =>
  lines.length === 0 ? '' : `(?:(?:${lines.map(escape).join('|')})\n){${lines.length}}`;

/** S12. */
export function agentStatus(crew: Crew, waiting: Client[], master: string): Reply {
  const isWaiting = (client: Client | undefined): boolean => client !== undefined && waiting.includes(client);
  const workers = crew.workers.map(({ rank, state, isLost, task, client }) => {
    const connected = task !== undefined ? 'active' : isWaiting(client) ? 'blocked' : 'idle';
    const registered = isLost ? 'lost' : connected;
    const group = state === 'registered' ? registered : state;
    return { group, line: `  - Worker ${rank}: ${client?.peer ?? ''}` };
  });
  const sentinels = crew.sentinels.map(({ state, client, lastRank }) => ({
    group: state,
    line: `  - Sentinel ${lastRank}: ${client.peer}`,
  }));
  const groups: [title: string, lines: string[]][] = [
    ...['idle', 'blocked', 'active', 'dead', 'lost'].map((group): [string, string[]] => [
      `${group} workers`,
      workers.flatMap((worker) => (worker.group === group ? [worker.line] : [])),
    ]),
    ...['blocked', 'active', 'dead'].map((group): [string, string[]] => [
      `${group} sentinels`,
      sentinels.flatMap((sentinel) => (sentinel.group === group ? [sentinel.line] : [])),
    ]),
  ];
  let pattern = escape(`Master state: ${master}\n`);
  let gap = '\n';
  for (const [title, lines] of groups) {
    // S18: that group is listed only if it has members.
    if (title === 'lost workers' && lines.length === 0) continue;
    const heading = title.charAt(0).toUpperCase() + title.slice(1);
    pattern += `${gap}${heading}\n${anyOrder(lines)}`;
    gap = lines.length === 0 ? '\n' : '';
  }
  return text(new RegExp(`^${pattern}$`));
}

/** S12: every worker that ever registered, and its number of tasks; the server determines the times. */
export function scoreboard(crew: Crew): Reply {
  const header = 'Worker\tNum Completed\tAverage Time (sec)\t% Active\tTime on Current Task (sec)\n';
  const lines = crew.workers.flatMap(({ rank, client, completed }) =>
    client === undefined
      ? []
      : [`Worker ${rank}: ${escape(client.peer)}\t${completed}\t[^\t]*\t[^\t]*\t[^\t]*\n`],
  );
  return text(
    new RegExp(`^${escape(header)}${lines.length === 0 ? '' : `(?:${lines.join('|')}){${lines.length}}`}$`),
  );
}
