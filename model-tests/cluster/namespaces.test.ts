import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isShort } from '../../test/support/form.ts';
import { Network, noNamespaces } from './bed/namespaces.ts';

const PORT = 9_999;

/** Prints that it listens, and then each datagram. */
const LISTENING = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text) => console.log(String(text))).bind(${PORT}, () => console.log('listening'));`;

const sending = (address: string, text: string): string =>
  `const socket = require('node:dgram').createSocket('udp4');
socket.send('${text}', ${PORT}, '${address}', () => socket.close());`;

const missing = isShort ? 'not in the short form' : noNamespaces();

describe.skipIf(missing !== undefined)(
  `a network of namespaces${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    it('loses what one host sends to another when that is cut, and only that, until it is mended', async () => {
      using network = new Network(['a', 'b', 'c']);
      const [ip = '', ...within] = network.within('b');
      const receiver = spawn(ip, [...within, process.execPath, '-e', LISTENING]);
      let received = '';
      receiver.stdout.on('data', (bytes: Buffer) => (received += bytes.toString()));
      await once(receiver.stdout, 'data');
      const send = (from: string, to: string, text: string): void => {
        const [program = '', ...words] = network.within(from);
        const args = [...words, process.execPath, '-e', sending(network.address(to), text)];
        execFileSync(program, args, { stdio: 'pipe' });
      };
      network.cut('a', ['b']);
      send('a', 'b', 'lost');
      send('c', 'b', 'of another');
      network.cut('b', ['c']);
      send('c', 'b', 'the other way');
      network.mend();
      send('a', 'b', 'mended');
      while (!received.includes('mended')) await once(receiver.stdout, 'data');
      receiver.kill('SIGKILL');
      await once(receiver, 'exit');
      expect(received.trim().split('\n')).toEqual(['listening', 'of another', 'the other way', 'mended']);
    }, 60_000);
  },
);
