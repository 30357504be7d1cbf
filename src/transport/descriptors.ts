import { readdirSync, readFileSync } from 'node:fs';

/** File descriptors of this process: those that are open, and the most that the system allows it. */
export interface Descriptors {
  readonly open: number;
  readonly most: number;
}

/** @returns undefined where the system does not tell, as outside of Linux */
export function descriptors(): Descriptors | undefined {
  try {
    const [, most] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return { open: readdirSync('/proc/self/fd').length, most: Number(most ?? Number.POSITIVE_INFINITY) };
  } catch {
    return undefined;
  }
}
