import type { DeathPolicy } from '../../src/machines/shutdown.ts';

/** Requests and events in addition to those of a normal job. */
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
  /** The server crashes at any step, and another one takes up its store (D4). */
  'crashing',
  /** Masters and sentinels have sessions, which outlive their connections and the server (P15). */
  'sessions',
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

/** The clients of a job, and the bounds of what they do. */
export interface Cast {
  readonly policy: DeathPolicy;
  readonly maxAttempts: number;
  /** `rankCount` of the job; -1 for none. */
  readonly rankCount: number;
  readonly masters: number;
  readonly sentinels: number;
  readonly workers: number;
  /** The maximum number of ranks of all sentinels together. */
  readonly ranks: number;
  readonly tasks: number;
  readonly broadcasts: number;
  /** The maximum number of requests for replacements (S19). */
  readonly replacements: number;
  readonly extras: readonly Extra[];
}

/** A cast, and the steps of its parties in order. */
export interface Scenario {
  readonly cast: Cast;
  readonly steps: readonly string[];
}

/** @returns the cast, one field in a line; an empty line; and the steps, one in a line */
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
