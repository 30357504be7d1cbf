/** Characters of one field of an event. */
const DETAIL = 60;

/** An event, or what an actor was given. */
export type Fields = Readonly<Record<string, unknown>>;

/** What came with an event, in few words: numbers, texts, yes or no; of a client its peer. */
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

/** Made once for each name of a field: tasks that come and go would make them by the million. */
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

/** Made anew character by character, since a part of a string keeps all of it. */
const short = (text: string): string =>
  text.length <= DETAIL ? text : `${Array.from(text.slice(0, DETAIL)).join('')}…`;
