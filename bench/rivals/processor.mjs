import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of a tick of /proc. */
const TICK = 10;

/** The fields of /proc/PID/stat from the state on; undefined if the process has ended. */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** The descendants of this process. */
export function descendants() {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    parents.set(Number(pid), Number(stat(pid)?.[1]));
  const isBelow = (pid) => pid > 1 && (parents.get(pid) === process.pid || isBelow(parents.get(pid)));
  return [...parents.keys()].filter((pid) => isBelow(pid));
}

/** Milliseconds of processor time that this process and its descendants have used. */
export function processorTime(pids) {
  const { user, system } = process.cpuUsage();
  const ticks = pids.map((pid) => {
    const fields = stat(pid);
    return fields === undefined ? 0 : Number(fields[11]) + Number(fields[12]);
  });
  return (user + system) / 1000 + TICK * ticks.reduce((sum, each) => sum + each, 0);
}
