import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DRAIN_S } from '../src/cli/serve.ts';
import { DEFAULT_OPTIONS } from '../src/sleigh/options.ts';
import { MISSED_PERIODS } from '../src/sleigh/sentinel-binding.ts';
import { KEEP_ALIVE_MS, RESERVED_DESCRIPTORS } from '../src/transport/listener.ts';
import { EARLY_BYTES, LINGER_MS } from '../src/transport/peer.ts';
import { STOP_MS } from '../src/transport/stopping.ts';
import {
  FEED_INTERVAL_MS,
  FEED_SHARE,
  IDLE_FEED_LIMIT_MS,
  MAX_FEED_BYTES,
  STREAM_COMMENT_MS,
} from '../src/web/feeds.ts';
import { ANSWER_SHARE } from '../src/web/time-share.ts';
import { MAX_WAITING_BYTES, REQUEST_TIME_MS } from '../src/web/turns.ts';
import { MAX_UNREAD } from '../src/web/unread-answers.ts';
import {
  HEADER_BYTES,
  IDLE_TIME_MS,
  MAX_CONNECTIONS,
  MAX_VIEWERS,
  STILL_TIME_MS,
} from '../src/web/web-server.ts';
import { DEFAULT_LIMITS } from '../src/wire/limits.ts';

// The documents state what the code does: each figure is compared with the constant behind it.

/** A document as one line, with one space for each gap, so that line breaks and padding do not matter. */
const documentOf = (name: string): string =>
  readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');

const seconds = (milliseconds: number): string => `${milliseconds / 1_000} seconds`;
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six'];
const secondsInWords = (milliseconds: number): string => `${WORDS[milliseconds / 1_000]} seconds`;
const kibibytes = (bytes: number): string => `${bytes / 2 ** 10} KiB`;
const mebibytes = (bytes: number): string => `${bytes / 2 ** 20} MiB`;
const thousands = (count: number): string => count.toLocaleString('en');
/** Of a part in so many. */
const PARTS = new Map([
  [4, 'a quarter'],
  [10, 'a tenth'],
]);

const { handshakeSeconds, requestSeconds, progressBytes } = DEFAULT_LIMITS;

describe.each<[name: string, sentences: readonly string[]]>([
  [
    'operations',
    [
      `| a handshake, TLS included | ${handshakeSeconds} seconds | `,
      `or the next ${kibibytes(progressBytes)} | ${requestSeconds} seconds | `,
      `to take what is left | ${seconds(LINGER_MS)} without taking a byte | `,
      `after SIGTERM | ${DEFAULT_DRAIN_S} seconds | `,
      `waits up to \`--drain\` seconds (${DEFAULT_DRAIN_S})`,
      `when the server stops | ${seconds(STOP_MS)} | `,
      `whether it is there | ${seconds(KEEP_ALIVE_MS)}, and then`,
      `${WORDS[MISSED_PERIODS]} refresh periods, of ${DEFAULT_OPTIONS.sentinelRefreshPeriod} seconds each`,
      `does not use it for ${WORDS[MISSED_PERIODS]} refresh periods is dead`,
      `replies it does not take | ${seconds(2 * LINGER_MS)} without taking a byte | `,
      `behind at most ${mebibytes(EARLY_BYTES)} of requests`,
      `of which none is registered | ${DEFAULT_OPTIONS.workerGracePeriod} seconds | `,
      `a request for the web page | ${seconds(REQUEST_TIME_MS)} | `,
      `connection of the web page | ${seconds(IDLE_TIME_MS)} | `,
      `a browser that takes nothing | ${seconds(STILL_TIME_MS)} | `,
      `(\`sentinelRefreshPeriod\`, ${DEFAULT_OPTIONS.sentinelRefreshPeriod} seconds)`,
      `the server asks after ${seconds(KEEP_ALIVE_MS)} of silence`,
      `given up after ${KEEP_ALIVE_MS / 1_000} + 9 × 75 seconds`,
      `the last ${RESERVED_DESCRIPTORS} descriptors are for large values`,
    ],
  ],
  [
    'reliability',
    [
      `given up by keep-alive after ${KEEP_ALIVE_MS / 1_000 + 11} seconds: ${KEEP_ALIVE_MS / 1_000} of silence`,
    ],
  ],
  [
    'security',
    [
      'one client can take half of the memory that the server holds for others, and one workspace three quarters',
    ],
  ],
  [
    'web',
    [
      `${thousands(MAX_VIEWERS)} viewers, ${thousands(MAX_CONNECTIONS)} connections, headers of ${kibibytes(HEADER_BYTES)}`,
      `${seconds(REQUEST_TIME_MS)} for a request to come`,
      `${seconds(IDLE_TIME_MS)} between two requests`,
      `${seconds(STILL_TIME_MS)} without a byte`,
      `More than ${kibibytes(MAX_WAITING_BYTES)} of them behind the one that is being answered`,
      `take ${PARTS.get(ANSWER_SHARE)} of the server's time at most`,
      `streams take ${PARTS.get(FEED_SHARE)}`,
      `for at most ${PARTS.get(FEED_SHARE)} of the time`,
      `at most ${1_000 / FEED_INTERVAL_MS} times a second`,
      `A comment every ${seconds(STREAM_COMMENT_MS)}`,
      `One that takes nothing for ${seconds(IDLE_FEED_LIMIT_MS)} is closed`,
      `views that streams show are at most ${mebibytes(MAX_FEED_BYTES)}`,
      `have not taken are at most ${mebibytes(MAX_UNREAD)}`,
    ],
  ],
  [
    'protocol',
    [
      `does not use it for ${WORDS[MISSED_PERIODS]} refresh periods`,
      `Clients have ${secondsInWords(STOP_MS)} to take what is on its way to them`,
      `the client has ${secondsInWords(LINGER_MS)} to take the last reply`,
    ],
  ],
])('the figures in docs/%s.md', (name, sentences) => {
  const document = documentOf(name);
  it.each(sentences)('%s', (sentence) => {
    // Keeps the document out of the message.
    expect(document.includes(sentence), `docs/${name}.md says: ${sentence}`).toBe(true);
  });
});

describe('the shares in docs/security.md', () => {
  it('are those of the default limits', () => {
    const { memoryBytes, clientMemoryBytes, workspaceMemoryBytes } = DEFAULT_LIMITS;
    expect(clientMemoryBytes).toBe(memoryBytes / 2);
    expect(workspaceMemoryBytes).toBe((memoryBytes * 3) / 4);
  });
});

describe('the table of limits in docs/protocol.md', () => {
  const UNITS: Readonly<Record<string, number>> = {
    '': 1,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
    TiB: 2 ** 40,
  };
  const rows = documentOf('protocol').matchAll(/\| `(\w+)` \| ([\d,]+) ?(\w*) \| /g);
  const stated = Object.fromEntries(
    Array.from(rows, ([, name = '', count = '', unit = '']) => [
      name,
      Number(count.replaceAll(',', '')) * (UNITS[unit] ?? Number.NaN),
    ]),
  );
  it.each(Object.entries(DEFAULT_LIMITS))('contains %s with its default', (name, value) => {
    expect(stated[name]).toBe(value);
  });
});
