import { Packr } from 'msgpackr';
import type { Change, Fields } from '../store/change.ts';
import { condensed } from '../store/condensed.ts';
import { plainError } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import { keyAfter, storedKey } from './stored-key.ts';

/** Each record says the names of its fields, so that it can be read by itself. */
const packr = new Packr({ useRecords: false, moreTypes: true });

export const packed = (fields: Fields): Buffer => packr.pack(fields);

/** @throws if the bytes are not a record */
export function unpacked(bytes: Buffer): Fields {
  const fields: unknown = packr.unpack(bytes);
  if (!isFields(fields)) throw plainError(CLUSTER.badRecord());
  return fields;
}

/** What it contains is checked by whoever reads its fields (`store/record.ts`). */
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** The changes of one commit as columns: at most one for each key, and clears that leave what is put. */
export interface Writes {
  readonly puts: readonly Buffer[];
  /** The records, in the order of `puts`. */
  readonly fields: readonly Buffer[];
  readonly deletes: readonly Buffer[];
  /** Every key from a low one up to the high one at the same place is deleted, unless it is put. */
  readonly lows: readonly Buffer[];
  readonly highs: readonly Buffer[];
}

/** @param changes in the order in which they happened */
export function writesOf(changes: readonly Change[]): Writes {
  const puts: Buffer[] = [];
  const fields: Buffer[] = [];
  const deletes: Buffer[] = [];
  const lows: Buffer[] = [];
  const highs: Buffer[] = [];
  for (const change of condensed(changes))
    if (change.type === 'clear') {
      const low = storedKey(change.prefix);
      lows.push(low);
      highs.push(keyAfter(low));
    } else if (change.type === 'put') {
      puts.push(storedKey(change.key));
      fields.push(packed(change.fields));
    } else deletes.push(storedKey(change.key));
  return { puts, fields, deletes, lows, highs };
}
