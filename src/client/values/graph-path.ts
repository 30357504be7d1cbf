import type { ObjectKind } from './object-kinds.ts';

/** @returns the path from an object to a part of it, as in source code: `.when`, `[3]`, `.get("a")` */
export function stepOf({ kind, value }: ObjectKind, key: string | number): string {
  if (kind === 'map') {
    const [entry = []] = [...value].slice(Math.floor(Number(key) / 2));
    const [name] = entry;
    if (Number(key) % 2 === 0) return `.keys()[${Number(key) / 2}]`;
    return typeof name === 'string' || typeof name === 'number'
      ? `.get(${JSON.stringify(name)})`
      : `.values()[${Math.floor(Number(key) / 2)}]`;
  }
  if (kind === 'set') return `.values()[${key}]`;
  if (typeof key === 'number' || (kind === 'array' && /^\d+$/.test(key))) return `[${key}]`;
  if (kind === 'boxed') return '';
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
