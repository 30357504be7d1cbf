/** The largest number of characters of one field of an event. */
const DETAIL = 60;

/** An event, or the input of an actor. */
export type Fields = Readonly<Record<string, unknown>>;

/** The data of an event in a short text: numbers, texts and booleans, and the peer of a client. */
export function detailOf(event: Fields): string {
  let detail = '';
  for (const name in event) {
    const value = event[name];
    if (name === 'type') continue;
    const text = typeof value === 'boolean' ? flag(name, value) : fieldOf(name, value);
    if (text !== undefined) detail = detail === '' ? text : `${detail}, ${text}`;
  }
  return detail;
}

/** Cached for each field name, because they would be created for every task. */
const FLAGS = new Map<string, { readonly yes: string; readonly no: string }>();

function flag(name: string, value: boolean): string {
  let texts = FLAGS.get(name);
  if (texts === undefined) FLAGS.set(name, (texts = { yes: `${name} true`, no: `${name} false` }));
  return value ? texts.yes : texts.no;
}

function fieldOf(name: string, value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : `${name} ${text}`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return short(value);
  if (value instanceof Error) return short(value.message);
  if (typeof value !== 'object' || value === null) return undefined;
  return 'peer' in value && typeof value.peer === 'string' ? short(value.peer) : undefined;
}

/** Copied character by character, because a substring keeps the whole string in memory. */
const short = (text: string): string =>
  text.length <= DETAIL ? text : `${Array.from(text.slice(0, DETAIL)).join('')}…`;
