import { isBelow, textOfKey, type Change } from './change.ts';

/**
 * Changes with the same effect as those of several commits, one after the other.
 * @param changes in the order in which they happened
 * @returns first what is cleared, then the last change of each entity since
 */
export function condensed(changes: Iterable<Change>): readonly Change[] {
  const clears = new Map<string, Change>();
  const last = new Map<string, Exclude<Change, { type: 'clear' }>>();
  for (const change of changes)
    if (change.type === 'clear') {
      clears.set(textOfKey(change.prefix), change);
      for (const [text, { key }] of last) if (isBelow(key, change.prefix)) last.delete(text);
    } else last.set(textOfKey(change.key), change);
  return [...clears.values(), ...last.values()];
}
