import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { fileOf, FORMATS, type Format } from '../charts/files.ts';
import { CHARTS } from '../charts/pages.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { port } from './numbers.ts';
import { replay } from './replay.ts';

interface ChartsFlags {
  readonly format?: string;
  readonly out?: string;
  readonly trace?: string;
  readonly webPort: number;
}

export function addChartsCommand(program: Command): void {
  program
    .command('charts')
    .description('show the statecharts: which there are, one of them, all as files, or a trace in them')
    .argument('[name]', 'print this chart')
    .option('--format <format>', `${listed(Object.keys(FORMATS))} (default: svg; with --out: all of them)`)
    .option('--out <folder>', 'write the charts to files in this folder')
    .option('--trace <file>', 'replay in a web page what `sleigh serve --trace` wrote')
    .addOption(
      new Option('--web-port <number>', 'with --trace: the page; 0 takes a free port')
        .argParser(port('--web-port'))
        .default(8766),
    )
    .action(charts);
}

async function charts(name: string | undefined, flags: ChartsFlags): Promise<void> {
  const { trace, webPort } = flags;
  if (trace === undefined) return show(name, flags);
  if (name !== undefined || flags.format !== undefined || flags.out !== undefined)
    return fail('--trace shows all charts, in a page: give no name, --format or --out');
  await replay(trace, { host: '127.0.0.1', port: webPort });
}

function show(name: string | undefined, { format, out }: ChartsFlags): void {
  const names = CHARTS.map((chart) => chart.name);
  if (name !== undefined && !names.includes(name))
    return fail(`there is no chart "${name}", only ${names.join(', ')}`);
  if (format !== undefined && !isFormat(format))
    return fail(`--format must be ${listed(Object.keys(FORMATS))}, not "${format}"`);
  if (out !== undefined) return write(out, name === undefined ? names : [name], format);
  if (name !== undefined) process.stdout.write(drawn(name, format ?? 'svg'));
  else if (format !== undefined) return fail('--format needs the name of a chart, or --out FOLDER');
  else for (const { name, about } of CHARTS) console.log(`${name.padEnd(12)} ${about}`);
}

function write(folder: string, names: readonly string[], format: Format | undefined): void {
  const formats = format === undefined ? Object.keys(FORMATS).filter(isFormat) : [format];
  const files = names.flatMap((name) =>
    formats.map((form) => ({ file: fileOf(name, form), text: drawn(name, form) })),
  );
  try {
    mkdirSync(folder, { recursive: true });
    for (const { file, text } of files) writeFileSync(join(folder, file), text);
  } catch (error) {
    return fail(`cannot write to ${folder}: ${explain(error)}`);
  }
  console.log(`wrote ${files.length} files to ${folder}`);
}

/** As the build drew it. */
const drawn = (name: string, format: Format): string =>
  readFileSync(new URL(`../charts/${fileOf(name, format)}`, import.meta.url), 'utf8');

const isFormat = (format: string): format is Format => Object.hasOwn(FORMATS, format);

const listed = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
