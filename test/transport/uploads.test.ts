import { once } from 'node:events';
import { setImmediate as settled } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { AwakeTime } from '../../src/transport/awake.ts';
import { Peer } from '../../src/transport/peer.ts';
import { TemporaryFiles } from '../../src/transport/temporary-files.ts';
import { Uploads } from '../../src/transport/uploads.ts';
import { ManualDisk } from '../support/manual-disk.ts';
import { ManualLoop } from '../support/manual-loop.ts';
import { ManualSocket } from '../support/manual-socket.ts';

const SENDER = 7;
const MIB = 2 ** 20;

const none = (): void => undefined;
const EVENTS = { received: none, secured: none, counted: none, gone: none, closed: none };

/** One client that sends large values to a disk that writes when the test says so. */
function withSender() {
  const disk = new ManualDisk();
  const writes = new EventTarget();
  const files = new TemporaryFiles(disk, '/tmp', Number.POSITIVE_INFINITY);
  const socket = new ManualSocket();
  const peer = new Peer(SENDER, socket, 'client', EVENTS, new AwakeTime(new ManualLoop()));
  const uploads = new Uploads(files, new Map([[SENDER, peer]]));
  disk.writing = once(writes, 'begin').then(() => undefined);
  const begin = async (): Promise<void> => {
    writes.dispatchEvent(new Event('begin'));
    await settled();
  };
  return { files, socket, uploads, begin };
}

describe('a client that sends a large value (P11)', () => {
  const file = { file: 3, size: 2 * MIB };

  test('is not read from while more of it waits for the disk than may, and is after that', async () => {
    const { files, socket, uploads, begin } = withSender();
    uploads.open(file, SENDER);
    expect([uploads.count, files.bytes]).toEqual([1, 2 * MIB]);
    uploads.write(file, Buffer.alloc(MIB - 1));
    expect(socket.isPaused()).toBe(false);
    uploads.write(file, Buffer.alloc(1));
    expect(socket.isPaused()).toBe(true);
    await begin();
    expect(socket.isPaused()).toBe(false);
  });

  test('is not read from until all of it is in its file', async () => {
    const { socket, uploads, begin } = withSender();
    uploads.open(file, SENDER);
    uploads.write(file, Buffer.alloc(10));
    const told: (string | undefined)[] = [];
    const finished = uploads.finish(file, (error) => {
      told.push(error);
      // What the server does now is done before the next request is read.
      expect([socket.isPaused(), uploads.count]).toEqual([true, 0]);
    });
    await settled();
    expect([told, socket.isPaused(), uploads.count]).toEqual([[], true, 1]);
    await begin();
    await finished;
    expect([told, socket.isPaused(), uploads.count]).toEqual([[undefined], false, 0]);
  });

  test('is the one for which the commands of its file are, while that arrives', async () => {
    const { files, uploads, begin } = withSender();
    const write = { type: 'writeFile', file, bytes: Buffer.of(1) } as const;
    const discard = { type: 'discardFile', file } as const;
    expect(uploads.connectionOf(write)).toBe(0);
    uploads.open(file, SENDER);
    expect([write, discard].map((command) => uploads.connectionOf(command))).toEqual([SENDER, SENDER]);
    expect(uploads.connectionOf({ type: 'close', connection: 9 })).toBe(9);
    expect(uploads.connectionOf({ type: 'stopServer' })).toBe(0);
    uploads.discard(file);
    expect([uploads.connectionOf(discard), uploads.count, files.count]).toEqual([0, 0, 0]);
    uploads.open(file, SENDER);
    const finished = uploads.finish(file, () => undefined);
    await begin();
    await finished;
    expect(uploads.connectionOf(discard)).toBe(0);
  });
});
