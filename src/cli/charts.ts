import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Option, type Command } from 'commander';
import { packageFile } from '../client/package-file.ts';
import { fileOf, FORMATS, type Format } from '../charts/files.ts';
import { CHARTS, type Chart } from '../charts/pages.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { port } from './numbers.ts';
import { print } from './output.ts';
import { FILE, USAGE } from './errors.ts';
import { machinesOfPlugins, pluginOption } from './plugin-option.ts';

interface ChartsFlags {
  readonly format?: Format;
  readonly out?: string;
  readonly trace?: string;
  readonly plugin: readonly string[];
  readonly webPort: number;
  readonly json?: boolean;
}

export function addChartsCommand(program: Command): void {
  program
    .command('charts')
    .description('list the statecharts, print one, write all to files, or replay a trace')
    .addArgument(new Argument('[name]', 'print this statechart').choices(CHARTS.map(({ name }) => name)))
    .addOption(
      new Option(
        '--format <format>',
        'print or write this format (default: svg; with --out all of them)',
      ).choices(Object.keys(FORMATS)),
    )
    .option('--out <folder>', 'write the statecharts to files in this folder')
    .option('--trace <file>', 'replay a trace of `sleigh serve --trace` on a web page')
    .addOption(
      pluginOption('with --trace: a plugin of the server that wrote it, whose machines are drawn as well'),
    )
    .addOption(
      new Option('--web-port <number>', 'with --trace: serve the web page on this port; 0 selects a free one')
        .argParser(port)
        .default(8766),
    )
    .option(
      '--json',
      'print one line of JSON: the list, the statechart, the files, or the address of the page',
    )
    .action(charts);
}

async function charts(name: string | undefined, flags: ChartsFlags): Promise<void> {
  const { trace, webPort, plugin, json = false } = flags;
  if (trace === undefined) return show(name, flags);
  if (name !== undefined || flags.format !== undefined || flags.out !== undefined)
    return fail(USAGE.traceAlone());
  const { replay } = await import('./replay.ts');
  await replay(trace, { host: '127.0.0.1', port: webPort, json, policies: await machinesOfPlugins(plugin) });
}

async function show(name: string | undefined, { format, out, json = false }: ChartsFlags): Promise<void> {
  const chosen = CHARTS.filter((chart) => name === undefined || chart.name === name);
  if (out !== undefined) return printWritten(out, write(out, chosen, format), json);
  if (name !== undefined) return showOne(name, format, json);
  if (format !== undefined) return fail(USAGE.formatOfWhat());
  await print(
    json
      ? jsonLine(chosen.map(({ name, title, about }) => ({ name, title, about })))
      : chosen.map(({ name, about }) => `${name.padEnd(12)} ${about}\n`).join(''),
  );
}

/** With --json the format is JSON, unless another one is requested. */
function showOne(name: string, format: Format | undefined, json: boolean): Promise<void> {
  const form = format ?? (json ? 'json' : 'svg');
  const text = drawn(name, form);
  if (!json) return print(text);
  return print(jsonLine({ name, format: form, chart: form === 'json' ? JSON.parse(text) : text }));
}

const printWritten = (folder: string, files: readonly string[], json: boolean): Promise<void> =>
  print(json ? jsonLine({ folder, files }) : `wrote ${files.length} files to ${folder}\n`);

/** @returns the names of the files */
function write(folder: string, charts: readonly Chart[], format: Format | undefined): string[] {
  const formats = format === undefined ? Object.keys(FORMATS).filter(isFormat) : [format];
  const files = charts.flatMap(({ name }) =>
    formats.map((form) => ({ file: fileOf(name, form), text: drawn(name, form) })),
  );
  try {
    mkdirSync(folder, { recursive: true });
    for (const { file, text } of files) writeFileSync(join(folder, file), text);
  } catch (error) {
    return fail(FILE.folderUnwritable(folder, explain(error)));
  }
  return files.map(({ file }) => file);
}

/** Reads the file that the build created. */
const drawn = (name: string, format: Format): string =>
  readFileSync(packageFile(`dist/charts/${fileOf(name, format)}`), 'utf8');

const isFormat = (format: string): format is Format => Object.hasOwn(FORMATS, format);
