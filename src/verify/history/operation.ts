/**
 * A recorded operation of one client, as one line of JSON. A history is a list of these, in any order. Besides the
 * verbs of the protocol there are five that say what happened around them: `close` (the client closed its connection),
 * `restart` (the server began again, with nothing stored), `recovery` (the server began again with its data: all earlier
 * connections have ended), `takeover` (another server took over: some of them may have ended, D13) and `end` (the
 * recording ended, so what has no reply was still waiting then).
 */
export interface Operation {
  /** The connection. */
  readonly who: string;
  readonly verb: string;
  readonly workspace?: string;
  readonly variable?: string;
  /** What a `store` sent, or the mode of `declare var`: the text itself, or a digest of a long or binary one. */
  readonly value?: string;
  /** The metadata `wstype` of `open ws` (W9). */
  readonly type?: string;
  /** Where an iterated get continues (V10). */
  readonly after?: Cookie;
  /** When the request was sent, in milliseconds. */
  readonly invoked: number;
  /** When its reply was received; absent if there never was one. */
  readonly replied?: number;
  readonly reply?: RecordedReply;
}

/** The id of a variable, and the number of a value in it (V9, V10). */
export interface Cookie {
  readonly id: string;
  readonly index: number;
}

export interface RecordedReply {
  /** P9. */
  readonly status: string;
  readonly reason?: string;
  /** The value that a get returned, in the same form as that of a store. */
  readonly value?: string;
  readonly cookie?: Cookie;
}

export const CLOSE = 'close';
export const RESTART = 'restart';
export const RECOVERY = 'recovery';
export const TAKEOVER = 'takeover';
export const END = 'end';

/** A line that is not an operation. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}

/** @throws HistoryError that names what is wrong in the line */
export function readOperation(text: string): Operation {
  const read = record(parsed(text), 'the line');
  const time = (name: string): number | undefined => {
    const found = read[name];
    if (found === undefined || found === null) return undefined;
    if (typeof found === 'number' && Number.isFinite(found)) return found;
    throw new HistoryError(`"${name}" must be a number of milliseconds, not ${JSON.stringify(found)}`);
  };
  const invoked = time('invoked');
  if (invoked === undefined) throw new HistoryError('"invoked" is missing: the time of the request');
  const replied = time('replied');
  if (replied !== undefined && replied < invoked)
    throw new HistoryError(`"replied" (${replied}) is before "invoked" (${invoked})`);
  const reply = read['reply'] === undefined || read['reply'] === null ? undefined : replyIn(read['reply']);
  const isOfServer = [RESTART, RECOVERY, TAKEOVER, END].some((verb) => verb === read['verb']);
  return {
    who: isOfServer ? (optionalText(read, 'who') ?? '') : requiredText(read, 'who'),
    verb: requiredText(read, 'verb'),
    ...texts(read, ['workspace', 'variable', 'value', 'type']),
    ...(read['after'] !== undefined && { after: cookieIn(read['after'], 'after') }),
    invoked,
    ...(replied !== undefined && { replied }),
    ...(reply !== undefined && { reply }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HistoryError('it is no JSON');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function record(found: unknown, what: string): Fields {
  if (typeof found === 'object' && found !== null && !Array.isArray(found))
    return Object.fromEntries(Object.entries(found));
  throw new HistoryError(`${what} must be an object, not ${JSON.stringify(found)}`);
}

function optionalText(read: Fields, name: string): string | undefined {
  const found = read[name];
  if (found === undefined || found === null || typeof found === 'string') return found ?? undefined;
  throw new HistoryError(`"${name}" must be a string, not ${JSON.stringify(found)}`);
}

function requiredText(read: Fields, name: string): string {
  const found = optionalText(read, name);
  if (found === undefined) throw new HistoryError(`"${name}" is missing`);
  return found;
}

function texts<Name extends string>(read: Fields, names: readonly Name[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const text = optionalText(read, name);
    if (text !== undefined) found[name] = text;
  }
  return found;
}

function replyIn(found: unknown): RecordedReply {
  const read = record(found, '"reply"');
  return {
    status: requiredText(read, 'status'),
    ...texts(read, ['reason', 'value']),
    ...(read['cookie'] !== undefined && { cookie: cookieIn(read['cookie'], 'cookie') }),
  };
}

function cookieIn(found: unknown, name: string): Cookie {
  const read = record(found, `"${name}"`);
  const index = read['index'];
  if (typeof index !== 'number' || !Number.isInteger(index))
    throw new HistoryError(`"${name}.index" must be a whole number, not ${JSON.stringify(index)}`);
  return { id: requiredText(read, 'id').trim(), index };
}
