/** The fields of JSON that any client may have written: what is missing or of another type is left out. */
type Json = { readonly [name: string]: unknown };
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const textIfAny = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
export const isCount = (value: unknown): value is number => typeof value === 'number' && value >= 0;
export const count = (value: unknown): number => (isCount(value) ? value : 0);
export const countIfAny = (value: unknown): number | undefined => (isCount(value) ? value : undefined);

/** Without fields that are undefined, which JSON does not have: a value with one would not be sent as JSON (C1). */
export const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));

/** @returns undefined if the text is not JSON */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
