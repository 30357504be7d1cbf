import type { DeathPolicy } from '../../src/machines/shutdown.ts';

/** What is sent beside the course of a normal job. */
export const EXTRAS = [
  /** `status` and `waitForWorkers` are asked. */
  'joining',
  /** `workerCount` is read, which freezes it. */
  'freezing',
  /** `workerCount` is stored. */
  'maximum',
  /** `sentinel_alive` is asked. */
  'waking',
  /** A worker's death is reported. */
  'reports',
  /** A worker asks for another task while it has one (S7.1). */
  'skips',
  /** `Sleigh ride over` is stored. */
  'ending',
  /** The workspace is deleted. */
  'deletion',
  /** Requests that are refused, or change nothing. */
  'refused',
  /** The process of the server sleeps, and then every timer is late. */
  'sleeping',
  /** The server stops. */
  'stopping',
  /** The group is elastic (S17), and broadcasts are for those who are there, or for all. */
  'elastic',
  /** Workers may come back (S18): rightly, after lost replies, and before their connection has closed. */
  'returning',
  /** Sentinels supervise: they report how their workers ended, and replace them (S19). */
  'supervised',
  /** Every party may do what any other may. */
  'mixed',
] as const;
export type Extra = (typeof EXTRAS)[number];

/** Who meets in a job, and how much each may do. */
export interface Cast {
  readonly policy: DeathPolicy;
  readonly maxAttempts: number;
  /** The maximum that the job is made with; -1 for none. */
  readonly rankCount: number;
  readonly masters: number;
  readonly sentinels: number;
  readonly workers: number;
  /** Ranks that are given out at most, by all sentinels. */
  readonly ranks: number;
  readonly tasks: number;
  readonly broadcasts: number;
  /** Replacements that are asked for at most (S19). */
  readonly replacements: number;
  readonly extras: readonly Extra[];
}

/** A cast, and what its parties do, one after the other. */
export interface Scenario {
  readonly cast: Cast;
  readonly steps: readonly string[];
}

/** One thing a line: what the cast is, an empty line, and the steps. */
export function writeScenario({ cast, steps }: Scenario): string {
  const head = Object.entries(cast).map(
    ([name, value]: [string, unknown]) =>
      `${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`,
  );
  return `${[...head, '', ...steps].join('\n')}\n`;
}

export function readScenario(text: string): Scenario {
  const [head = '', body = ''] = text.split('\n\n');
  const entries = new Map(head.split('\n').map((line): [string, string] => split(line)));
  const word = (name: string): string => {
    const found = entries.get(name);
    if (found === undefined) throw new Error(`the scenario does not say ${name}`);
    return found;
  };
  const number = (name: string): number => Number(word(name));
  const named = word('policy');
  const policy = (['shutdown', 'requeue', 'null'] as const).find((one) => one === named);
  if (policy === undefined) throw new Error(`there is no policy ${named}`);
  const extras = word('extras').split(' ');
  return {
    cast: {
      policy,
      maxAttempts: number('maxAttempts'),
      rankCount: number('rankCount'),
      masters: number('masters'),
      sentinels: number('sentinels'),
      workers: number('workers'),
      ranks: number('ranks'),
      tasks: number('tasks'),
      broadcasts: number('broadcasts'),
      replacements: Number(entries.get('replacements') ?? 0),
      extras: EXTRAS.filter((extra) => extras.includes(extra)),
    },
    steps: body.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  };
}

const split = (line: string): [string, string] => {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1).trim()];
};
