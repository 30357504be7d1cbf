import { plainError } from '../wire/error-kind.ts';
import { STORED } from './errors.ts';
import { textOfKey, type Entity, type Field, type Fields, type Key } from './change.ts';

/** Pairs of names and texts, as a record keeps them. */
export type Pairs = readonly (readonly [name: string, text: string])[];

const isList = (field: Field): field is readonly Field[] => Array.isArray(field);

const isFields = (field: Field): field is Fields =>
  typeof field === 'object' && field !== null && !isList(field) && !(field instanceof Uint8Array);

/** The value of a state of a statechart. */
export type StateValue = string | { [state: string]: StateValue };

function stateValueIn(field: Field): StateValue | undefined {
  if (typeof field === 'string') return field;
  if (!isFields(field)) return undefined;
  const value: { [state: string]: StateValue } = {};
  for (const [state, inner] of Object.entries(field)) {
    const below = stateValueIn(inner);
    if (below === undefined) return undefined;
    value[state] = below;
  }
  return value;
}

/**
 * Reads the fields of a record. Each method throws if the field has another type: then this version of the server has not
 * written it.
 */
export class RecordReader {
  readonly #key: Key;
  /** The names of the fields that lead to this record inside of the entity. */
  readonly #path: readonly string[];
  readonly #fields: Fields;

  private constructor(key: Key, path: readonly string[], fields: Fields) {
    this.#key = key;
    this.#path = path;
    this.#fields = fields;
  }

  static of({ key, fields }: Entity): RecordReader {
    return new RecordReader(key, [], fields);
  }

  #wrong(name: string, expected: string): Error {
    return plainError(STORED.badField(name, [textOfKey(this.#key), ...this.#path].join(', '), expected));
  }

  /** All fields. */
  get fields(): Fields {
    return this.#fields;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  field(name: string): Field {
    return this.#fields[name];
  }

  text(name: string): string {
    const field = this.#fields[name];
    if (typeof field !== 'string') throw this.#wrong(name, 'a text');
    return field;
  }

  number(name: string): number {
    const field = this.#fields[name];
    if (typeof field !== 'number') throw this.#wrong(name, 'a number');
    return field;
  }

  flag(name: string): boolean {
    const field = this.#fields[name];
    if (typeof field !== 'boolean') throw this.#wrong(name, 'true or false');
    return field;
  }

  /** @returns undefined if there is no such field */
  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined;
  }

  /** @returns undefined if there is no such field */
  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** @returns undefined if there is no such field */
  optional(name: string): RecordReader | undefined {
    return this.has(name) ? this.inner(name) : undefined;
  }

  /** The value of a state of a machine. */
  stateValue(name: string): StateValue {
    return stateValueIn(this.#fields[name]) ?? this.#fail(name, 'a state');
  }

  /** A list of numbers; none if there is no such field. */
  numbers(name: string): readonly number[] {
    const field = this.#fields[name] ?? [];
    if (!isList(field)) throw this.#wrong(name, 'a list of numbers');
    return field.map((number) =>
      typeof number === 'number' ? number : this.#fail(name, 'a list of numbers'),
    );
  }

  #fail(name: string, expected: string): never {
    throw this.#wrong(name, expected);
  }

  /** The record inside of a field. */
  inner(name: string): RecordReader {
    const field = this.#fields[name];
    if (!isFields(field)) throw this.#wrong(name, 'a record');
    return new RecordReader(this.#key, [...this.#path, name], field);
  }

  /** Pairs of texts; none if there is no such field. */
  pairs(name: string): Pairs {
    const field = this.#fields[name];
    if (field === undefined) return [];
    if (!isList(field)) throw this.#wrong(name, 'a list of pairs');
    return field.map((pair): readonly [string, string] => {
      const [first, second] = isList(pair) ? pair : [];
      if (typeof first !== 'string' || typeof second !== 'string')
        throw this.#wrong(name, 'a list of pairs of texts');
      return [first, second];
    });
  }
}
