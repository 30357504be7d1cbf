import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DRAIN_S } from '../src/cli/serve.ts';
import { DEFAULT_OPTIONS } from '../src/sleigh/options.ts';
import { FEED_INTERVAL_MS, FEED_SHARE, STREAM_COMMENT_MS } from '../src/web/feeds.ts';
import { ANSWER_SHARE } from '../src/web/time-share.ts';
import { MAX_CONNECTIONS } from '../src/web/web-server.ts';
import { BOUNDS } from '../src/wire/bounds.ts';
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
      `to take what is left | ${seconds(BOUNDS.lingerMs.value)} without taking a byte | `,
      `after SIGTERM | ${DEFAULT_DRAIN_S} seconds | `,
      `waits up to \`--drain\` seconds (${DEFAULT_DRAIN_S})`,
      `when the server stops | ${seconds(BOUNDS.stopMs.value)} | `,
      `whether it is there | ${seconds(BOUNDS.keepAliveMs.value)}, and then`,
      `${WORDS[BOUNDS.missedPeriods.value]} refresh periods, of ${DEFAULT_OPTIONS.sentinelRefreshPeriod} seconds each`,
      `does not use it for ${WORDS[BOUNDS.missedPeriods.value]} refresh periods is dead`,
      `replies it does not take | ${seconds(2 * BOUNDS.lingerMs.value)} without taking a byte | `,
      `behind at most ${mebibytes(BOUNDS.earlyBytes.value)} of requests`,
      `of which none is registered | ${DEFAULT_OPTIONS.workerGracePeriod} seconds | `,
      `a request for the web page | ${seconds(BOUNDS.webRequestMs.value)} | `,
      `connection of the web page | ${seconds(BOUNDS.webIdleMs.value)} | `,
      `a browser that takes nothing | ${seconds(BOUNDS.webStillMs.value)} | `,
      `(\`sentinelRefreshPeriod\`, ${DEFAULT_OPTIONS.sentinelRefreshPeriod} seconds)`,
      `the server asks after ${seconds(BOUNDS.keepAliveMs.value)} of silence`,
      `given up after ${BOUNDS.keepAliveMs.value / 1_000} + 9 × 75 seconds`,
      `the last ${BOUNDS.reservedDescriptors.value} descriptors are for large values`,
    ],
  ],
  [
    'reliability',
    [
      `given up by keep-alive after ${BOUNDS.keepAliveMs.value / 1_000 + 11} seconds: ${BOUNDS.keepAliveMs.value / 1_000} of silence`,
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
      `${thousands(BOUNDS.viewers.value)} viewers, ${thousands(MAX_CONNECTIONS)} connections, headers of ${kibibytes(BOUNDS.webHeaderBytes.value)}`,
      `${seconds(BOUNDS.webRequestMs.value)} for a request to come`,
      `${seconds(BOUNDS.webIdleMs.value)} between two requests`,
      `${seconds(BOUNDS.webStillMs.value)} without a byte`,
      `More than ${kibibytes(BOUNDS.webWaitingBytes.value)} of them behind the one that is being answered`,
      `take ${PARTS.get(ANSWER_SHARE)} of the server's time at most`,
      `streams take ${PARTS.get(FEED_SHARE)}`,
      `for at most ${PARTS.get(FEED_SHARE)} of the time`,
      `at most ${1_000 / FEED_INTERVAL_MS} times a second`,
      `A comment every ${seconds(STREAM_COMMENT_MS)}`,
      `One that takes nothing for ${seconds(BOUNDS.streamStillMs.value)} is closed`,
      `views that streams show are at most ${mebibytes(BOUNDS.streamBytes.value)}`,
      `have not taken are at most ${mebibytes(BOUNDS.webUnreadBytes.value)}`,
    ],
  ],
  [
    'protocol',
    [
      `does not use it for ${WORDS[BOUNDS.missedPeriods.value]} refresh periods`,
      `Clients have ${secondsInWords(BOUNDS.stopMs.value)} to take what is on its way to them`,
      `the client has ${secondsInWords(BOUNDS.lingerMs.value)} to take the last reply`,
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
