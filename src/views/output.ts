import type { Sleigh } from '../sleigh/sleigh.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { isFile } from '../wire/payload.ts';
import type { Value } from '../workspace/value.ts';
import { decode, titleOf } from './names.ts';
import type { OutputLine, OutputView } from './running-types.ts';

/** The newest values of each variable that are searched. */
const MOST_VALUES = 2_000;
/** The number of lines of one value, and of characters of a line, that are shown. */
const MOST_LINES = 1_000;
const LINE_LENGTH = 2_000;

/** Which lines to show. */
export interface OutputQuery {
  /** Undefined for all workers. */
  readonly rank: number | undefined;
  /** A part of the line, in any case; '' for every line. */
  readonly search: string;
  readonly count: number;
}

const DEFAULT_LINES = 200;
const LARGEST = 5_000;

/** `rank`, `search` and `count` of a query; values that are not numbers are ignored. */
export function outputQuery(query: URLSearchParams): OutputQuery {
  const whole = (name: string): number | undefined => {
    const text = query.get(name);
    return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  return {
    rank: whole('rank'),
    search: query.get('search') ?? '',
    count: Math.min(whole('count') ?? DEFAULT_LINES, LARGEST),
  };
}

const known = new WeakMap<Value, readonly OutputLine[]>();

/** The lines that workers wrote, the newest last (S20, S24.4). */
export function outputView(sleigh: Sleigh, { rank, search, count }: OutputQuery): OutputView {
  const wanted = search.toLowerCase();
  const lines = [VARIABLE.logDebug, VARIABLE.logError]
    .flatMap((variable) => linesIn(sleigh, variable))
    .filter((line) => rank === undefined || line.rank === rank)
    .filter(({ text }) => wanted === '' || text.toLowerCase().includes(wanted))
    .sort((a, b) => a.time - b.time);
  return { total: lines.length, lines: count > 0 ? lines.slice(-count) : [] };
}

function linesIn(sleigh: Sleigh, name: string): OutputLine[] {
  const variable = sleigh.workspace.find(name);
  if (variable === undefined) return [];
  const first = Math.max(variable.behaviour.counts.values - MOST_VALUES, 0);
  const isError = name === VARIABLE.logError;
  return Array.from(variable.values(first, MOST_VALUES), (value) => linesOf(value, isError)).flat();
}

function linesOf(value: Value, isError: boolean): readonly OutputLine[] {
  const before = known.get(value);
  if (before !== undefined) return before;
  const { payload, metadata } = value;
  if (isFile(payload)) return [];
  const text = decode(typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload);
  const rank = metadata.get(KEY.rank);
  const time = Date.parse(metadata.get(KEY.time) ?? '');
  const common: Omit<OutputLine, 'text'> = {
    time: Number.isNaN(time) ? 0 : time,
    rank: rank === undefined ? undefined : Number(rank),
    host: titleOf(metadata.get(KEY.host) ?? ''),
    isError,
  };
  const lines = text
    .split('\n', MOST_LINES)
    .map((line) => Object.assign({ text: line.slice(0, LINE_LENGTH) }, common));
  known.set(value, lines);
  return lines;
}
