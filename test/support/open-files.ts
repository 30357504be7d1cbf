import { readdirSync, readlinkSync } from 'node:fs';

/** The files below a folder that this process has open. On Linux only. */
export function openIn(where: string): string[] {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return open.filter((each) => each.startsWith(where));
}
