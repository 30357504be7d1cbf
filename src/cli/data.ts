import { Argument, type Command } from 'commander';
import { KINDS, type Entity, type Kind } from '../store/change.ts';
import type { DataReport } from '../transport/stored-data.ts';
import { failWith } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { table } from './table.ts';

interface DataFlags {
  readonly json?: boolean;
}

const HELP = `
check   loads everything as a server does when it starts, and reads the size of each large value.
        The exit status is 1 if something is wrong.
export  prints each entity as a line of JSON. A string that is not UTF-8 is {"base64":"…"}.

No server may use the folder meanwhile. Nothing in it is changed.`;

/** `sleigh data`. */
export function addDataCommand(program: Command): void {
  program
    .command('data')
    .description('check or print what `sleigh serve --data` keeps in a folder')
    .addArgument(new Argument('<action>', 'what to do').choices(['check', 'export']))
    .argument('<folder>', 'the folder that the server was given with --data')
    .option('--json', 'with check: print the report as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (action: string, folder: string, { json = false }: DataFlags) => {
      try {
        await (action === 'check' ? check(folder, json) : exportData(folder));
      } catch (error) {
        failWith(error, error instanceof Error && 'code' in error);
      }
    });
}

async function check(folder: string, json: boolean): Promise<void> {
  const { checkData } = await import('../transport/stored-data.ts');
  const report = await checkData(folder);
  if (report.problems.length > 0) process.exitCode = 1;
  await print(json ? jsonLine(report) : textOf(report));
}

const isKind = (name: string): name is Kind => Object.hasOwn(KINDS, name);

function textOf({ bytes, counts, largeValues, orphans, problems }: DataReport): string {
  const rows = Object.keys(counts)
    .filter(isKind)
    .map((kind): [string, number] => [kind, counts[kind] ?? 0]);
  const lines = [
    `${bytes} bytes, and ${largeValues.bytes} bytes in ${largeValues.count} files of large values`,
    ...(orphans.length === 0
      ? []
      : [`${orphans.length} files belong to no value; the next server removes them`]),
    ...(problems.length === 0 ? ['no problems'] : problems.map((problem) => `problem: ${problem}`)),
  ];
  return `${table(['ENTITY', 'NUMBER'], rows)}${lines.join('\n')}\n`;
}

async function exportData(folder: string): Promise<void> {
  const { readData } = await import('../transport/stored-data.ts');
  for await (const { key, fields } of readData(folder))
    await print(jsonLine({ key, fields: legible(fields) }));
}

/** A field with its bytes as text or as base64: strings of a store are Latin-1. */
function legible(field: Entity['fields'][string]): unknown {
  if (typeof field === 'string') return textOrBase64(Buffer.from(field, 'latin1'));
  if (field instanceof Uint8Array) return textOrBase64(Buffer.from(field));
  if (typeof field !== 'object' || field === null) return field;
  if (isList(field)) return field.map(legible);
  return Object.fromEntries(Object.entries(field).map(([name, inner]) => [name, legible(inner)]));
}

const isList = (field: object): field is readonly Entity['fields'][string][] => Array.isArray(field);

function textOrBase64(bytes: Buffer): unknown {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString('base64') };
}
