// Reads process statistics of the operating system, and summarizes series of figures.
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time of all threads of a process, in microseconds. */
export function processorTime(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1000;
}

/**
 * Memory in bytes: in total, and the part that is private to the process (heap, buffers, stacks) and not pages of
 * files.
 */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))?.[1] ?? 0) * 1024;
  return { resident: bytes('VmRSS'), own: bytes('RssAnon') };
}

/** Ticks of all processors since the machine started, and those of them that its host took for other guests. */
export function ticks() {
  const [, ...numbers] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/ +/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; the later columns are included in these.
  const all = numbers.slice(0, 8);
  return { all: all.reduce((sum, n) => sum + n, 0), stolen: all[7] };
}

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

/** Measurements of each figure in one round, if a single one would be too noisy. */
const TURNS = 3;

/**
 * Measures several things alternately, because the speed of a machine drifts.
 * @param measures by name; each returns a reply with the cost per piece (`each`)
 * @returns the replies by the same names, in order
 */
export async function inTurns(measures) {
  const taken = Object.fromEntries(Object.keys(measures).map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn++)
    for (const [name, measure] of Object.entries(measures)) taken[name].push(await measure());
  return taken;
}

/** The cost per piece in these replies. */
export const eachOf = (answers) => median(answers.map(({ each }) => each));

/** The ratio of two series that were measured alternately. */
export const beside = (ones, others) => median(ones.map(({ each }, turn) => each / others[turn].each));

/** The value below which that share of the numbers lies. */
export const quantile = (numbers, q) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(q * numbers.length))];
