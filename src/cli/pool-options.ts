import { InvalidArgumentError, Option } from 'commander';
import type { Respawn } from '../client/options/respawn.ts';
import { atLeastOne } from './numbers.ts';
import { FLAG } from './errors.ts';

/** What says when workers are replaced. */
export interface PoolFlags {
  readonly respawn?: Respawn;
  readonly maxTasksPerWorker?: number;
  readonly maxMemory?: number;
  readonly concurrency?: number;
}

export const poolOptions = (): readonly Option[] => [
  new Option(
    '--concurrency <number>',
    'the number of calls that each worker has under way at the same time, for tasks that wait (default: 1)',
  ).argParser(atLeastOne),
  new Option(
    '--respawn <ends/seconds>',
    'replace this number of workers in this number of seconds at once, and further ones after a growing delay (default: 10 for each worker, in 10 seconds)',
  ).argParser(budget),
  new Option('--no-respawn', 'do not replace workers that end'),
  new Option('--max-tasks-per-worker <number>', 'replace a worker after so many tasks').argParser(atLeastOne),
  new Option(
    '--max-memory <size>',
    'replace a worker, between two calls, when it uses more memory: bytes, or with K, M or G',
  ).argParser(size),
];

/** @returns what is said of it, and nothing where nothing is */
export function poolSettings({ respawn, maxTasksPerWorker, maxMemory, concurrency }: PoolFlags): PoolFlags {
  return {
    ...(respawn !== undefined && { respawn }),
    ...(maxTasksPerWorker !== undefined && { maxTasksPerWorker }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(concurrency !== undefined && { concurrency }),
  };
}

function budget(text: string): Respawn {
  const [, restarts, seconds] = /^(\d{1,9})\/(\d{1,9}(?:\.\d{1,3})?)$/.exec(text) ?? [];
  if (restarts === undefined || seconds === undefined)
    throw new InvalidArgumentError(FLAG.restarts().message);
  return { restarts: Number(restarts), within: 1_000 * Number(seconds) };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function size(text: string): number {
  const [, number, unit = ''] = /^([1-9]\d{0,14})([kmg]?)$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (number === undefined || factor === undefined) throw new InvalidArgumentError(FLAG.bytes().message);
  return Number(number) * factor;
}
