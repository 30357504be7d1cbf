import {
  answersUpTo,
  isRegistered,
  stateOfSentinel,
  stateOfWorker,
  type Worker,
} from '../../src/sleigh/agents.ts';
import type { Task } from '../../src/sleigh/task.ts';
import { answers, BATCHES } from './facts.ts';
import type { Party } from './party.ts';
import type { World } from './world.ts';
import { isShuttingDown } from '../../test/support/phase.ts';

/**
 * All of a state that what comes next can depend on, as a text; states that differ only by the names of their workers,
 * sentinels and tasks have the same.
 *
 * - Each worker, sentinel and connection is told by what is true of it, its place in waiting lines included, and they
 *   are sorted.
 * - Left out, since nothing that happens depends on it: the content of tasks and results, and so which of the tasks is
 *   which; the order in which all of a line are told at once; times, durations and figures for `agentStatus` and
 *   `scoreboard`; what is in ordinary variables; who was the sentinel of a worker that has ended.
 * - Left out: whether the waking timer runs. It always does while a sentinel is blocked, and else it wakes nobody.
 * - Left out as soon as nobody can use it: when the group is closed, how many joined, and when no broadcast is to come,
 *   who had been expected and who has answered; when the sleigh shuts down, more of the queue and the results than
 *   whether there are any.
 * - Counters that a property compares with what is there are left out, too.
 *
 * Properties are looked at after every step that changes the key, so what is left out is looked at on every way.
 */
export function stateKey(world: World): string {
  if (world.isDeleted) return 'deleted';
  const { sleigh, picture, book, cast, parties } = world;
  const { context, phase } = sleigh.joining;
  const isClosed = phase === 'closed';
  const isOver = isShuttingDown(sleigh);
  const mixed = cast.extras.includes('mixed');
  const isNullToCome = !isOver && cast.policy !== 'shutdown' && book.broadcasts < cast.broadcasts;
  const answered = isOver || isClosed || cast.policy === 'shutdown' || book.isElastic ? [] : answers(world);
  // Whose place is expected matters as long as somebody may be answered for.
  const isExpectationUsed = !isClosed || isNullToCome;

  const line = picture.line('task');
  const connection = (party: Party): string => {
    const { request } = party;
    if (request === undefined) return '.';
    if (request.variable === 'result')
      return `r${request.batch ?? ''}${picture.masters(request.batch).indexOf(party)}`;
    const short = SHORT[request.variable] ?? request.variable;
    return request.variable === 'task' && party.rank !== undefined ? short + line.indexOf(party) : short;
  };
  const rankKey = ({ rank }: Worker): string => {
    const { maximum } = context;
    let text = maximum >= 0 && rank >= maximum && !isOver && isExpectationUsed ? '>' : '';
    for (const ranks of answered) text += ranks.includes(rank) ? '+' : '-';
    return text;
  };
  // Whoever supervises may say something of each rank, and tasks remember ranks (S19).
  const named = cast.extras.includes('supervised');
  const worker = (one: Worker): string => {
    let text = (named ? `${one.rank}:` : '') + stateOfWorker(one).slice(0, 1) + rankKey(one);
    if (named && cast.broadcasts > 0) text += `f${one.firstBroadcast}`;
    if (named && one.former?.session !== undefined) text += 's';
    if (one.client === undefined) return text;
    const isLost = book.lost.has(one.rank);
    const at = parties.findIndex((party) => (isLost ? party.was?.rank === one.rank : party === one.client));
    const party = parties[at];
    // Nobody may remember one that is lost.
    if (isLost && party === undefined) return `${text}-${restOf(one)}`;
    if (party === undefined) throw new Error(`worker ${one.rank} lives without a connection`);
    text += mixed ? `@${at}` : connection(party);
    return isOver ? text : text + restOf(one);
  };
  const restOf = ({ task, retry, nextBroadcast, nextLasting, lastingBefore }: Worker): string => {
    let text = task === undefined ? '' : taskKey(task);
    if (retry !== undefined) text += `r${taskKey(retry)}`;
    if (cast.broadcasts > 0) text += `n${nextBroadcast}`;
    return lastingBefore > nextLasting ? `${text}a${nextLasting}-${lastingBefore}` : text;
  };

  const lists: { readonly gone: string[]; readonly sentinels: string[]; readonly others: string[] } = {
    gone: [],
    sentinels: [],
    others: [],
  };
  const isThere = new Set<unknown>();
  for (const sentinel of sleigh.crew.sentinels) {
    const workers: string[] = [];
    for (const one of sentinel.workers) {
      if (one.actor.getSnapshot().status === 'active') workers.push(worker(one));
      else if (named && !isOver) {
        const upTo = cast.broadcasts > 0 && !isClosed ? Math.min(answersUpTo(one), 99) : '';
        workers.push(`${one.rank}${stateOfWorker(one).slice(0, 2)}${rankKey(one)}${upTo}`);
      } else if (isExpectationUsed && !isOver && !book.isElastic) {
        const died = isClosed || one.client === undefined ? 0 : one.endedAt;
        lists.gone.push(`${rankKey(one)}${cast.broadcasts > 0 ? died : ''}`);
      }
    }
    if (!mixed && !named) workers.sort();
    const at = parties.findIndex((party) => party === sentinel.client);
    const party = parties[at];
    isThere.add(party);
    // It is told to stop, whatever it was.
    if (isOver && isClosed && workers.length === 0 && !mixed) {
      if (party !== undefined) lists.others.push(`s${connection(party)}`);
      continue;
    }
    const away = picture.timers.has(`absence of sentinel ${sentinel.id}`) ? '~' : '';
    if (party !== undefined)
      lists.sentinels.push(
        `${mixed ? at : ''}${connection(party)}${stateOfSentinel(sentinel).slice(0, 2)}${away}[${workers.join(' ')}]`,
      );
    else if (workers.length > 0) lists.sentinels.push(`x[${workers.join(' ')}]`);
  }
  for (const [at, party] of parties.entries()) {
    const who = mixed ? at : party.role.slice(0, 1);
    const mine = party.rank === undefined ? undefined : sleigh.crew.worker(party.rank);
    if (mine !== undefined && !mixed) {
      if (!isRegistered(mine)) lists.others.push(`${who}D${connection(party)}`);
    } else if (mixed) {
      const rank = mine === undefined ? '' : isRegistered(mine) ? 'R' : 'D';
      lists.others.push(`${who}${rank}${connection(party)}`);
    } else if (!isThere.has(party)) lists.others.push(`${who}${connection(party)}`);
  }
  for (const list of Object.values(lists)) list.sort();

  const { value } = sleigh.joining.chart.getSnapshot();
  const shutdown = sleigh.shutdown.getSnapshot().value;
  const parts = [
    ...Object.values(lists).map((list) => list.join(',')),
    typeof value === 'string'
      ? value.slice(0, 1)
      : typeof value.gathering === 'string'
        ? 'o'
        : value.gathering.joining,
    isExpectationUsed ? `${context.maximum}${context.frozen ? 'f' : ''}${context.ranksGiven}` : '',
    named ? `${book.replacements}${book.isSupervised ? 's' : ''}` : '',
    typeof shutdown === 'string' ? 'O' : 'up' in shutdown ? shutdown.up.slice(0, 1) : shutdown.shuttingDown,
  ];
  if (isOver)
    parts.push(picture.queue.length > 0 ? 'q' : '', sleigh.work.batches.counts.values > 0 ? 'r' : '');
  else {
    parts.push(
      [...picture.queue].map(({ attempts, declined }) => `${attempts}${declinedKey(declined)}`).join(''),
      sleigh.work.tasks.broadcasts.map(({ number, outstanding }) => `${number}/${outstanding}`).join(','),
      picture.lasting.map(({ number }) => number).join(''),
      ...BATCHES.map((batch) => resultsKey(world, batch)),
      `${book.tasks}/${book.broadcasts}`,
      answered.map((ranks) => ranks.filter((rank) => rank >= context.ranksGiven).length).join(','),
    );
  }
  return parts.join('|');
}

const SHORT: Readonly<Record<string, string>> = {
  task: 't',
  status: 's',
  waitForWorkers: 'w',
  sentinel_alive: 'a',
};

const declinedKey = (declined: Task['declined']): string =>
  declined === undefined ? '' : `d${[...declined.ranks].sort((a, b) => a - b).join('')}`;

const taskKey = ({ attempts, broadcast, isLate, declined }: Task): string =>
  broadcast === undefined
    ? `t${attempts}${declinedKey(declined)}`
    : `b${broadcast.number}.${attempts}${isLate === true ? 'l' : ''}`;

/** Of what each result in a batch is one. */
const resultsKey = ({ book, picture }: World, batch: string): string =>
  picture
    .results(batch)
    .map(({ metadata }) => book.notes.get(metadata.get('tag') ?? '')?.broadcast ?? 't')
    .join('');
