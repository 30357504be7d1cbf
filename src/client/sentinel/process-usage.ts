import { readFile } from 'node:fs/promises';

/** What a process has used so far. */
export interface ProcessUsage {
  /** Milliseconds of processor time. */
  readonly processorMs: number;
  /** Bytes of memory. */
  readonly memory: number;
}

/** Linux counts processor time in hundredths of a second for programs, whatever the kernel uses itself. */
const MS_PER_TICK = 10;
/** The numbers of utime and stime in `stat`, counted behind the name of the program. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** @returns undefined if the process has ended, or this is not Linux, where it would cost a process of its own */
export async function usageOf(pid: number | undefined): Promise<ProcessUsage | undefined> {
  if (pid === undefined || process.platform !== 'linux') return undefined;
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile(`/proc/${pid}/status`, 'latin1'),
    ]);
    // The name of the program is in parentheses, and may contain any character.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    if (Number.isNaN(ticks + kilobytes)) return undefined;
    return { processorMs: ticks * MS_PER_TICK, memory: kilobytes * 1_024 };
  } catch {
    return undefined;
  }
}
