import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Claim } from '../../src/transport/claim.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What keeps this process running. */
const holding = (): number => process.getActiveResourcesInfo().filter((each) => each === 'PipeWrap').length;

/** A folder whose path has so many bytes. */
function folderOf(bytes: number, filler: string): string {
  const rest = bytes - Buffer.byteLength(folder) - 1;
  const each = Buffer.byteLength(filler);
  const path = join(folder, 'x'.repeat(rest % each) + filler.repeat(Math.floor(rest / each)));
  mkdirSync(path);
  return path;
}

describe('a claim of a folder', () => {
  it('is held until it is released, and keeps neither its clients nor the process', async () => {
    const before = holding();
    const claim = await Claim.make(folder, 'a');
    expect([claim.name, holding()]).toEqual(['sleigh-a.socket', before]);
    expect(await Claim.isHeld(folder, claim.name)).toBe(true);
    const client = connect(join(folder, claim.name));
    await once(client, 'close');
    await claim.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(await Claim.isHeld(folder, claim.name)).toBe(false);
  });

  it('is asked about without a connection that stays', async () => {
    const holder = createServer();
    const closed = new Promise((resolve) =>
      holder.once('connection', (asking) => void asking.resume().once('close', resolve)),
    );
    holder.listen(join(folder, 'sleigh-a.socket'));
    await once(holder, 'listening');
    expect(await Claim.isHeld(folder, 'sleigh-a.socket')).toBe(true);
    await closed;
    holder.close();
  });

  it('is not held when its process has ended, and then its socket is removed', async () => {
    writeFileSync(join(folder, 'sleigh-b.socket'), '');
    expect(await Claim.isHeld(folder, 'sleigh-b.socket')).toBe(false);
    expect(existsSync(join(folder, 'sleigh-b.socket'))).toBe(false);
  });

  it('is refused where nothing can listen', async () => {
    await expect(Claim.make(join(folder, 'none'), 'a')).rejects.toThrow();
  });

  it.each(['x', 'ü', '😀'])(
    'is refused in a folder with a path that is too long, made of %s',
    async (filler) => {
      const most = 103 - 1 - 'sleigh-a.socket'.length;
      const claim = await Claim.make(folderOf(most, filler), 'a');
      await claim.release();
      const longer = folderOf(most + 1, filler);
      await expect(Claim.make(longer, 'a')).rejects.toMatchObject({
        code: 'no-data-folder',
        message: `data cannot be kept in ${longer}: the path has more than ${most} bytes`,
      });
    },
  );
});
