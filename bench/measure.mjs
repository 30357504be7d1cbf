// What the operating system says of a process, and what a series of figures comes to.
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of all threads of a process so far, in microseconds. */
export function processorTime(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1000;
}

/** Bytes in memory: all, and those that are the process's own (heap, buffers, stacks) rather than pages of files. */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0) * 1024;
  return { resident: bytes('VmRSS'), own: bytes('RssAnon') };
}

/** Ticks of all processors since the machine began, and those of them that its host took for somebody else. */
export function ticks() {
  const [, ...numbers] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/ +/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is in these already.
  const all = numbers.slice(0, 8);
  return { all: all.reduce((sum, n) => sum + n, 0), stolen: all[7] };
}

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

/** Measurements of each thing in one round, where a single one would not tell. */
const TURNS = 3;

/**
 * Measures several things in turns, since the speed of a machine drifts.
 * @param measures by name; each gives an answer with what one piece costs (`each`)
 * @returns by the same names, the answers turn by turn
 */
export async function inTurns(measures) {
  const taken = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++)
    for (const [name, measure] of Object.entries(measures)) taken[name].push(await measure());
  return taken;
}

/** What one piece costs by these answers. */
export const eachOf = (answers) => median(answers.map(({ each }) => each));

/** How many times as much as the others the ones cost, which were taken in turns. */
export const beside = (ones, others) => median(ones.map(({ each }, turn) => each / others[turn].each));

/** Below which that share of the numbers is. */
export const quantile = (numbers, q) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(q * numbers.length))];
