/** The form of several values in one task or result (C5): their heads and their bytes. Pure. */

/** What precedes a value of each form. */
export const CHUNK_LETTERS = {
  text: 't',
  json: 'j',
  bytes: 'b',
  uint8array: 'u',
  graph: 'g',
  pickle: 'p',
} as const;
export type ChunkForm = keyof typeof CHUNK_LETTERS;

export interface ChunkItem {
  readonly form: ChunkForm;
  /** Whether it is a failure in the place of a value. */
  readonly isFailure: boolean;
  readonly bytes: Buffer;
}

const FORMS: ReadonlyMap<string, ChunkForm> = new Map(
  (['text', 'json', 'bytes', 'uint8array', 'graph', 'pickle'] as const).map((form) => [
    CHUNK_LETTERS[form],
    form,
  ]),
);
const HEAD = /^(!?)([a-z])(\d{1,15})$/;
const NEWLINE = 0x0a;

/** The values of a chunk in order. It ends with undefined where the bytes are none, or are cut off. */
export function* itemsOfChunk(encoded: Buffer): Generator<ChunkItem | undefined, void, undefined> {
  for (let at = 0; at < encoded.length;) {
    const end = encoded.indexOf(NEWLINE, at);
    // Without a newline there is no head.
    const [, mark = '', letter = '', length = ''] = HEAD.exec(encoded.toString('latin1', at, end)) ?? [];
    const form = FORMS.get(letter);
    const start = end + 1;
    at = start + Number(length);
    if (form === undefined || at > encoded.length) {
      yield undefined;
      return;
    }
    yield { form, isFailure: mark === '!', bytes: encoded.subarray(start, at) };
  }
}
