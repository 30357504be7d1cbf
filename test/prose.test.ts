import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// Words that were replaced, each with its replacement. docs/protocol.md is the contract with old clients and may use any of them.

const REPLACED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bonly lent\b|\blent (?:to|for|until)\b/, 'valid only during the call'],
  [/\btakes? nothing along\b|\btakes? with it nothing\b/, 'consumes no value'],
  [/\bnever lets? its worker look up\b|\bwithout looking up\b/, 'blocks the event loop'],
  [/\bwho is forgotten for\b/, 'the entry that was evicted'],
  [/\bonce the event has been heeded\b/, 'after this event'],
  [/\bmade for whoever asks\b/, 'created on demand'],
  [/\bis not called that\b/, 'Host header not allowed'],
  [/\bis no order of a launcher\b/, 'not a valid launch order'],
  [/\bsmall actors?\b/i, 'compiled actor'],
  [/\bnext waking\b|\btwo wakings\b/, 'heartbeat'],
  [/\boccupant\b/i, 'plugin'],
  [/\bthis went wrong\b/, 'the server failed'],
  [/\bmust it be told\b|\bwho asks for it is told\b/, 'the client gets'],
  [/\bWorkspaceKind\b|createServer\(\{ kinds\b/, 'WorkspacePluginFactory, plugins'],
  [/\bas ever\b/, 'as before'],
  [/\b(?:is|are) to be had\b/, 'is available'],
  [/\bnobody is told\b|\btells everyone\b|\bis told of\b/, 'no client is notified, notifies all clients'],
  [/\bthe grounds\b|\bjourneys?\b/i, 'the test target, the test path'],
  [/\bnone of whose\b|\bsuch a one\b|\bcomes to nothing\b/, 'a whole sentence with a subject'],
  [/\btakes? (?:it|them|its workers) along\b/, 'ends with it, is deleted with it'],
  [/\bnever looks? up\b|\bdoes not look up\b/, 'blocks the event loop'],
];

const root = fileURLToPath(new URL('..', import.meta.url));
const EXCEPT = new Set(['docs/protocol.md', 'test/prose.test.ts']);

const filesIn = (folder: string): string[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(?:tsx?|mjs|md)$/.test(path) && !EXCEPT.has(path));

describe.each(['src', 'test', 'docs', 'model-tests'])('the texts in %s', (folder) => {
  const texts = filesIn(folder).map((path) => [path, readFileSync(`${root}${path}`, 'utf8')] as const);
  it.each(REPLACED)('do not contain %s, but say “%s”', (pattern) => {
    const found = texts.filter(([, text]) => pattern.test(text)).map(([path]) => path);
    expect(found).toEqual([]);
  });
});

it('the glossary has at most 40 entries', () => {
  const rows = readFileSync(`${root}docs/glossary.md`, 'utf8').match(/^\| (?!word |-)/gm) ?? [];
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.length).toBeLessThanOrEqual(40);
});
