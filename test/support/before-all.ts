import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { SHARED_FOLDER } from './shared-folder.ts';

/** Before all tests, and once: files of tests run at the same time. @returns what is called after all tests */
export async function setup(): Promise<() => void> {
  // Two processes that unpack the browser at the same time would write to the same place.
  await chromium.executablePath();
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-tests-'));
  // For PostgreSQL, which has a user of its own.
  chmodSync(folder, 0o755);
  process.env[SHARED_FOLDER] = folder;
  const python = folderOfPython();
  if (python !== undefined) process.env['PATH'] = [python, process.env['PATH']].join(delimiter);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** @returns where the program is that `python3` starts: a version manager puts a script before it that takes five times as long */
function folderOfPython(): string | undefined {
  try {
    const where = 'import os, sys; print(os.path.dirname(sys.executable), end="")';
    return execFileSync('python3', ['-c', where], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
