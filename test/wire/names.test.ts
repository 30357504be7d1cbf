import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEY, OPTION, VARIABLE, VERB, VERB_FORMS } from '../../src/wire/names.ts';

const SRC = join(import.meta.dirname, '../../src');

/** Occurrences that are not names of the protocol: options of programs, and limits (P12). */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'client/master/crew.ts': ['reconnectGrace'],
  'client/master/fixed-arguments.ts': ['fixedArgs'],
  'cli/run-job.ts': ['reconnectGrace', 'maxAttempts'],
  'sleigh/job-variables.ts': ['workerCount'],
  'wire/limit-refusals.ts': ['memoryBytes', 'workerCount'],
  'workspace/memory-budget.ts': ['memoryBytes'],
  'workspace/storage-accounting.ts': ['memoryBytes'],
};

/** A file without its comments. */
const codeOf = (path: string): string =>
  readFileSync(join(SRC, path), 'utf8')
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '');

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && path !== 'wire/names.ts')
  .map((path) => ({ path, code: codeOf(path) }));

const quoted = (names: readonly string[]): string =>
  names.map((name) => `'${name.replaceAll(/[^\w ]/g, String.raw`\$&`)}'`).join('|');
const everyName = [VERB, VARIABLE, KEY, OPTION].flatMap((table): string[] => Object.values(table));
/** Words with other common meanings are searched only where names of the protocol occur. */
const isPlain = (name: string): boolean => /^[a-z]+$/.test(name);
const plainNames = everyName.filter(isPlain);

const FORBIDDEN = [
  // Everywhere.
  new RegExp(`(?<found>${quoted(everyName.filter((name) => !isPlain(name)))})`, 'g'),
  // The keys of metadata and of options: told.get('host'), new Map([['host', …]]).
  new RegExp(
    String.raw`(?:[mM]etadata|description|told|wanted|offer)\.(?:get|has|set|delete)\((?<found>${quoted(plainNames)})`,
    'g',
  ),
  new RegExp(String.raw`\bMap(?:<[\w, ]+>)?\(\[\s*\[(?<found>${quoted(plainNames)}),`, 'g'),
  // Requests: connection.fetch(workspace, 'task'), connection.request(['store', …]), get('find', …).
  new RegExp(
    String.raw`\.(?:find|fetch|store|get|ifind|ifetch)(?:Try|Encoded)?\([\w.#]+, (?<found>${quoted(plainNames)})`,
    'g',
  ),
  new RegExp(
    String.raw`\b(?:request|ask|begin|encode|mustGet|mustStore)\((?:[\w.]+, )?\[(?<found>${quoted(plainNames)})`,
    'g',
  ),
  new RegExp(
    String.raw`\.(?:get|getStream)\((?<found>${quoted(Object.values(VERB).filter(isPlain))}), `,
    'g',
  ),
];

describe('the names of the protocol', () => {
  it('are written as literals only in src/wire/names.ts', () => {
    const strays = sources.flatMap(({ path, code }) =>
      FORBIDDEN.flatMap((pattern) => Array.from(code.matchAll(pattern), ({ groups }) => groups?.['found']))
        .filter((found) => !OTHERS[path]?.includes(found?.slice(1, -1) ?? ''))
        .map((found) => `${path}: ${found}`),
    );
    expect(strays).toEqual([]);
  });

  it.each([
    ["connection.request(['use ws', name])", 1],
    ["metadata.get('session')", 1],
    ["new Map([['host', name]])", 1],
    ["connection.fetch(this.#workspace, 'task')", 1],
    ["connection.get('ifind', name)", 1],
    ["actor.getSnapshot().matches('task')", 0],
  ])('are checked in %s', (code, count) => {
    expect(FORBIDDEN.flatMap((pattern) => Array.from(code.matchAll(pattern)))).toHaveLength(count);
  });

  it.each(Object.entries(VERB_FORMS))(
    'include %s, whose form is in the table of the protocol',
    (verb, form) => {
      const document = readFileSync(join(SRC, '../docs/protocol.md'), 'utf8');
      const rows = document
        .split('\n')
        .filter((line) => line.startsWith('| `') && / (?:short|long)\b/.test(line));
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${verb}\``)) ?? '';
      const [, , args = '', reply = ''] = row.split('|').map((cell) => cell.trim());
      expect(reply.startsWith('long')).toBe(form.isLong);
      if (args === 'the same') return;
      // `two more? that are ignored` are two arguments; parentheses explain an argument.
      const all = args.replaceAll(/\([^)]*\)/g, '').replace('two more?', 'one?, another?');
      const each = all.split(',').filter((name) => name.trim() !== '');
      const must = each.filter((name) => !name.includes('?'));
      expect([must.length, each.length]).toEqual(form.arity);
    },
  );

  it('of variables equal the table of jobs', () => {
    const document = readFileSync(join(SRC, '../docs/protocol.md'), 'utf8');
    const [, table = ''] = document.split('### The variables of a job');
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const named = rows.flatMap((row) =>
      Array.from((row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g), ([, name]) => name),
    );
    expect(new Set(named)).toEqual(new Set(Object.values(VARIABLE)));
  });
});

/** Short replies unless they are `long`; the reply of a verb that `waits` may come later. */
const FORMS: Readonly<Record<string, string>> = {
  'open ws': '3–4 arguments, 1 of them names',
  'use ws': '3–4 arguments, 1 of them names',
  'delete ws': '1–1 arguments, 1 of them names',
  'mktemp ws': '0–1 arguments, 0 of them names, long',
  'list wss': '0–1 arguments, 1 of them names, long',
  'declare var': '3–3 arguments, 2 of them names',
  'delete var': '2–2 arguments, 2 of them names',
  'list vars': '1–1 arguments, 1 of them names, long',
  store: '4–4 arguments, 2 of them names',
  storeWait: '4–4 arguments, 2 of them names, long, waits',
  fetch: '2–4 arguments, 2 of them names, long, waits',
  find: '2–4 arguments, 2 of them names, long, waits',
  fetchTry: '2–4 arguments, 2 of them names, long',
  findTry: '2–4 arguments, 2 of them names, long',
  ifetch: '2–4 arguments, 2 of them names, long, waits',
  ifind: '2–4 arguments, 2 of them names, long, waits',
  ifetchTry: '2–4 arguments, 2 of them names, long',
  ifindTry: '2–4 arguments, 2 of them names, long',
  take: '3–3 arguments, 2 of them names, long, waits',
  takeTry: '3–3 arguments, 2 of them names, long',
  'end lease': '2–2 arguments, 0 of them names',
  'extend lease': '2–2 arguments, 0 of them names',
  'open session': '2–2 arguments, 0 of them names',
  'resume session': '1–1 arguments, 0 of them names',
  'end session': '0–0 arguments, 0 of them names',
  'note partition': '1–1 arguments, 0 of them names',
  'locate ws': '1–1 arguments, 1 of them names',
  deadman: '0–0 arguments, 0 of them names',
};

it('each verb has the form that the protocol says (P5.4, P7.2)', () => {
  const forms = Object.entries(VERB_FORMS).map(
    ([
      verb,
      {
        arity: [least, most],
        names,
        isLong,
        mayWait,
      },
    ]) => {
      const more = [isLong ? ', long' : '', mayWait ? ', waits' : ''].join('');
      return [verb, `${least}–${most} arguments, ${names} of them names${more}`];
    },
  );
  expect(Object.fromEntries(forms)).toEqual(FORMS);
});
