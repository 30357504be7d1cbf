import type { DeathPolicy } from '../machines/dead-worker-policy.ts';
import { NO_MAXIMUM } from '../machines/join-phase-setup.ts';
import type { RecordReader } from '../store/record.ts';
import { KEY } from '../wire/names.ts';
import { parseDecimal, parseWhole } from '../wire/numbers.ts';
import type { Metadata } from '../wire/payload.ts';
import { refusal, type Refusal } from '../workspace/refusal.ts';
import type { Reach } from './task.ts';
import { JOB, WORKSPACE } from '../wire/refusals.ts';

/** The options of a job (S1). A program that starts one with `Sleigh.start` passes SleighOptions. */
export interface JobOptions {
  /** The largest number of workers; NO_MAXIMUM for any number. */
  readonly rankCount: number;
  /** Seconds between two heartbeats of the sentinels. */
  readonly sentinelRefreshPeriod: number;
  /** Seconds after which a job without a registered worker shuts down. */
  readonly workerGracePeriod: number;
  readonly onDeadWorker: DeathPolicy;
  /** How often a task is attempted in all, under `requeue`. */
  readonly maxAttempts: number;
  /** Whether the group closes or is elastic (S17). */
  readonly join: Join;
  /** Seconds within which a worker that lost its connection may come back; 0 for never (S18). */
  readonly reconnectGrace: number;
}

export type Join = 'closing' | 'elastic';

export const DEFAULT_OPTIONS: JobOptions = {
  rankCount: NO_MAXIMUM,
  sentinelRefreshPeriod: 60,
  workerGracePeriod: 300,
  onDeadWorker: 'shutdown',
  maxAttempts: 3,
  join: 'closing',
  reconnectGrace: 0,
};

const POLICIES: readonly string[] = ['shutdown', 'requeue', 'null'] satisfies DeathPolicy[];
export const isPolicy = (text: string): text is DeathPolicy => POLICIES.includes(text);

/** The options in the record of a job, as they were when it was made. */
export function optionsIn(record: RecordReader): JobOptions {
  const policy = record.text(KEY.onDeadWorker);
  return {
    rankCount: record.number(KEY.rankCount),
    sentinelRefreshPeriod: record.number(KEY.sentinelRefreshPeriod),
    workerGracePeriod: record.number(KEY.workerGracePeriod),
    onDeadWorker: isPolicy(policy) ? policy : DEFAULT_OPTIONS.onDeadWorker,
    maxAttempts: record.number(KEY.maxAttempts),
    join: record.text(KEY.join) === 'elastic' ? 'elastic' : 'closing',
    reconnectGrace: record.number(KEY.reconnectGrace),
  };
}

/** The workers that get a broadcast of an elastic group, from the metadata of its store (S17). */
export function parseReach(metadata: Metadata): Reach | Refusal {
  const text = metadata.get(KEY.reach) ?? 'present';
  if (text === 'present' || text === 'all') return text;
  return refusal(JOB.badReach(text));
}

/** Restricts a parser to values that satisfy a condition. */
const when =
  <T>(parse: (text: string) => T | undefined, holds: (value: T) => boolean) =>
  (text: string): T | undefined => {
    const value = parse(text);
    return value !== undefined && holds(value) ? value : undefined;
  };

/** @returns the options, or the invalid ones: then the workspace is not created (S1) */
export function readOptions(
  metadata: Metadata,
  defaults: JobOptions,
  maxWorkers: number,
): JobOptions | Refusal {
  const bad: string[] = [];
  const read = <T>(name: string, wanted: string, fallback: T, parse: (text: string) => T | undefined): T => {
    const text = metadata.get(name);
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value === undefined) bad.push(`${name} must be ${wanted}, not "${text}"`);
    return value ?? fallback;
  };
  const join = read(KEY.join, 'closing or elastic', defaults.join, (text) =>
    text === 'closing' || text === 'elastic' ? text : undefined,
  );
  const options: JobOptions = {
    join,
    rankCount: read(
      KEY.rankCount,
      `a whole number up to ${maxWorkers}`,
      defaults.rankCount,
      when(parseWhole, (n) => n <= maxWorkers),
    ),
    sentinelRefreshPeriod: read(
      KEY.sentinelRefreshPeriod,
      'a number of seconds over 0',
      defaults.sentinelRefreshPeriod,
      when(parseDecimal, (n) => n > 0),
    ),
    workerGracePeriod: read(
      KEY.workerGracePeriod,
      'a number of seconds from 0',
      defaults.workerGracePeriod,
      when(parseDecimal, (n) => n >= 0),
    ),
    onDeadWorker: read(
      KEY.onDeadWorker,
      'shutdown, requeue or null',
      join === 'elastic' ? 'requeue' : defaults.onDeadWorker,
      (text) => (isPolicy(text) ? text : undefined),
    ),
    maxAttempts: read(
      KEY.maxAttempts,
      'a whole number from 1',
      defaults.maxAttempts,
      when(parseWhole, (n) => n >= 1),
    ),
    reconnectGrace: read(
      KEY.reconnectGrace,
      'a number of seconds from 0',
      defaults.reconnectGrace,
      when(parseDecimal, (n) => n >= 0),
    ),
  };
  return bad.length === 0 ? options : refusal(WORKSPACE.badOptions(bad.join('; ')));
}
