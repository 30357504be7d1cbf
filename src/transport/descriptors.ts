import { readdirSync, readFileSync } from 'node:fs';

/** The file descriptors of this process: the number of open ones, and the limit of the system. */
export interface Descriptors {
  readonly open: number;
  readonly most: number;
}

/** @returns undefined if the system does not report them, as outside of Linux */
export function descriptors(): Descriptors | undefined {
  try {
    const [, most] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return { open: readdirSync('/proc/self/fd').length, most: Number(most ?? Number.POSITIVE_INFINITY) };
  } catch {
    return undefined;
  }
}
