/** The largest number of characters of one field of an event. */
const DETAIL = 60;

/** An event, or the input of an actor. */
export type Fields = Readonly<Record<string, unknown>>;

/** The data of a step as it is kept: a small event itself, which costs nothing until somebody reads it, or its text. */
export type Detail = string | Fields;

/** @returns what to keep of an event: it may contain no object, and no long text, because it may be kept for long */
export function detailToKeep(event: Fields): Detail {
  let hasFields = false;
  for (const name in event) {
    if (name === 'type' || name === 'request') continue;
    const value = event[name];
    if (isLarge(value)) return detailOf(event);
    hasFields = true;
  }
  return hasFields ? event : '';
}

const isLarge = (value: unknown): boolean =>
  typeof value === 'object' ||
  typeof value === 'function' ||
  (typeof value === 'string' && value.length > DETAIL);

export const textOfDetail = (detail: Detail): string =>
  typeof detail === 'string' ? detail : detailOf(detail);

/** The data of an event in a short text: numbers, texts and booleans, and the peer of a client. */
export function detailOf(event: Fields): string {
  let detail = '';
  for (const name in event) {
    if (name === 'type' || name === 'request') continue;
    const value = event[name];
    const text = fieldOf(name, value);
    if (text !== undefined) detail = detail === '' ? text : `${detail}, ${text}`;
  }
  return detail;
}

function fieldOf(name: string, value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : `${name} ${text}`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return short(value);
  if (value instanceof Error) return short(value.message);
  if (typeof value !== 'object' || value === null) return undefined;
  return 'peer' in value && typeof value.peer === 'string' ? short(value.peer) : undefined;
}

/** Copied character by character, because a substring keeps the whole string in memory. */
const short = (text: string): string =>
  text.length <= DETAIL ? text : `${Array.from(text.slice(0, DETAIL)).join('')}…`;
