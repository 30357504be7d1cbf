import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { runFixture } from './run-fixture.ts';

const fixture = runFixture();

const MODULE = `
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
export default async (line) => {
  appendFileSync(new URL('calls', import.meta.url), line + '\\n');
  await sleep(30);
  return line * 2;
};`;
const COUNT = 40;
const LINES = Array.from({ length: COUNT }, (_, n) => `${n}\n`).join('');

describe('sleigh run --name', () => {
  it.skipIf(isShort)('goes on where it was when it is killed and started again (S29)', async () => {
    const calls = (): string[] => {
      const path = join(fixture.folder.path, 'calls');
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    };
    const args = [...fixture.onServer, '--name', 'nightly', '--workers', '2'];
    const first = fixture.start(MODULE, args, { input: LINES });
    await eventually(() => calls().length >= 8, 'eight lines were called');
    first.child.kill('SIGKILL');
    await first.status();
    const before = calls();
    const second = fixture.start(MODULE, args, { input: LINES });
    expect(await second.status()).toBe(0);
    expect(second.lines).toEqual(Array.from({ length: COUNT }, (_, n) => String(2 * n)));
    const again = new Set(calls().slice(before.length));
    expect(new Set(calls()).size).toBe(COUNT);
    expect(before.filter((line) => again.has(line)).length).toBeLessThanOrEqual(2);
  });

  it('needs a server, and lines that are called once', async () => {
    const alone = fixture.start(MODULE, ['--name', 'x'], { input: LINES });
    expect(await alone.status()).toBe(1);
    expect(alone.errors).toContain('--name needs a server');
    const retries = await fixture.run(MODULE, LINES, ...fixture.onServer, '--name', 'x', '--retries', '2');
    expect(retries.errors).toContain('leave out --retries');
  });
});
