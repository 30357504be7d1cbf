import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI_ERRORS } from '../src/cli/errors.ts';
import { CLIENT_ERRORS } from '../src/client/errors/catalogue.ts';
import { CLUSTER } from '../src/cluster/errors.ts';
import { STORED } from '../src/store/errors.ts';
import { SERVER } from '../src/transport/errors.ts';
import { PROBLEM } from '../src/web/problems.ts';
import { REFUSALS } from '../src/wire/refusals.ts';

const SRC = join(import.meta.dirname, '../src');
const SIDES = {
  client: CLIENT_ERRORS,
  cli: CLI_ERRORS,
  server: { SERVER, STORED, CLUSTER },
  web: { PROBLEM },
  refusals: REFUSALS,
};

const REFERENCE = readFileSync(join(import.meta.dirname, '../docs/reference/errors.md'), 'utf8');

/** The files of the catalogues. */
const CATALOGUE =
  /^(client\/errors\/|cli\/(flag-)?errors|transport\/errors|store\/errors|cluster\/errors|web\/problems|wire\/(refusals|error-kind))/;
/**
 * Layers whose errors no user sees: an invalid request is a Refusal there, and an error is a fault of this program,
 * which the log reports. The checker and the page have texts of their own.
 */
const INTERNAL = /^(machines|actors|charts|sleigh|core|views|trace|verify|page)\//;

/** An error or a refusal whose text is written where it is created. */
const STRAY =
  /(?:new (?:(?!RunFile)\w*Error|Problem|LineFault|TaskStopped|NotBackError)|\bfail|\brefusal|\brefuse|\btypeError|\brangeError|\bplainError)\(\s*(?:\d+,\s*|'[\w-]+',\s*)?['"`][^]{0,60}/g;

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !CATALOGUE.test(path))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));

describe('the errors that users see', () => {
  it('have their texts in the catalogues', () => {
    const strays = sources
      .filter(({ path }) => !INTERNAL.test(path))
      .flatMap(({ path, text }) => Array.from(text.matchAll(STRAY), ([code]) => `${path}: ${code}`));
    expect(strays).toEqual([]);
  });

  it('that are refusals, including those of jobs and of the core, have their texts there, too', () => {
    const strays = sources
      .filter(({ path }) => /^(core|sleigh|workspace)\//.test(path))
      .flatMap(({ path, text }) =>
        Array.from(text.matchAll(/\b(?:refusal|refuse)\(\s*['"`][^]{0,60}/g), ([code]) => `${path}: ${code}`),
      );
    expect(strays).toEqual([]);
  });

  it.each([
    ["throw new TypeError('no')", 1],
    ['throw new LaunchError(`the workers ${why}`)', 1],
    ["new ToolError('no-job', `no job`)", 1],
    ["fail(\n    'which job?', 'usage')", 1],
    ['throw typeError(USAGE.resultsTaken())', 0],
    ["throw fault('it has no socket')", 0],
  ])('appear as %s', (code, count) => {
    expect(code.match(STRAY) ?? []).toHaveLength(count);
  });

  const entries = Object.entries(SIDES).flatMap(([side, catalogues]) =>
    Object.entries(catalogues).flatMap(([of, catalogue]) =>
      Object.entries(catalogue).map(([name, kind]) => ({ name: `${side}: ${of}: ${name}`, side, kind })),
    ),
  );

  it.each(entries)('include $name, which has a code, a text and a remedy in whole sentences', ({ kind }) => {
    expect(kind.code).toMatch(/^[a-z\d]+(-[a-z]+)*$/);
    expect(kind.example).not.toMatch(/undefined|^$/);
    expect(kind.remedy).toMatch(/^[A-Z`][^]*[.:]$/);
  });

  it('have their examples in the reference', () => {
    const rowOf = ({ code, example }: (typeof entries)[number]['kind']): string =>
      `| \`${code}\` | ${example.replaceAll(/[|*_<>]/g, '\\$&')} |`;
    expect(entries.map(({ kind }) => rowOf(kind)).filter((row) => !REFERENCE.includes(row))).toEqual([]);
  });

  it('name only flags that exist', () => {
    const texts = entries.map(({ kind }) => `${kind.example} ${kind.remedy}`).join('\n');
    const named = Array.from(texts.matchAll(/(?<![\w-])--[a-z-]+/g), ([flag]) => flag);
    const declared = sources
      .filter(({ path }) => path.startsWith('cli/'))
      .map(({ text }) => text)
      .join('\n');
    // Errors of Node and of bundlers.
    const others = new Set(['--import', '--external']);
    const isDeclared = (flag: string): boolean => new RegExp(`['" ]${flag}\\b`).test(declared);
    expect(named.filter((flag) => !others.has(flag) && !isDeclared(flag))).toEqual([]);
  });

  it('have different texts on each side', () => {
    const texts = entries.map(({ side, kind }) => `${side}: ${kind.code}: ${kind.example}`);
    expect(texts.filter((text, at) => texts.indexOf(text) !== at)).toEqual([]);
  });
});
