import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  return () => rmSync(folder, { recursive: true, force: true });
}
