import { Option, type Command } from 'commander';
import type { TraceCheck, Violation } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { printableLines } from '../wire/printable.ts';
import type { Address } from '../wire/authority.ts';
import { drawDiagram } from './draw-diagram.ts';
import { fail } from './fail.ts';
import { jsonLine } from './json-line.ts';
import { secondsOver0 } from './numbers.ts';
import { print } from './output.ts';
import { oneServerOption } from './server-options.ts';
import { USAGE } from './errors.ts';
import { machinesOfPlugins, pluginOption } from './plugin-option.ts';

interface VerifyFlags {
  readonly server?: Address;
  readonly json?: boolean;
  readonly handshakeSeconds: number;
  readonly requestSeconds: number;
  readonly long?: boolean;
  /** A file, or true without one. */
  readonly history?: string | true;
  readonly diagram?: string;
  readonly plugin: readonly string[];
}

/** `line` is counted from 1. */
type ViolationInFile = Violation & { readonly line: number };

/** `sleigh verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('check a trace, a history or a running server against the statecharts and the protocol')
    .argument('[trace]', 'a file that `sleigh serve --trace` wrote')
    .addOption(
      oneServerOption(
        'check the server at this address, by generated paths and by the recorded conversations',
      ),
    )
    .option(
      '--history [file]',
      'check what several clients asked and were answered at the same time (docs/verification.md); ' +
        'with --server: make such load on that server, and write the history to the file',
    )
    .option(
      '--diagram <file>',
      'draw the first violation of a trace or a history as a sequence diagram: SVG, or Mermaid if the name ends with .mmd',
    )
    .addOption(
      pluginOption('a plugin of the server that wrote the trace, whose machines are followed as well'),
    )
    .option('--json', 'print the report as one line of JSON')
    .option('--long', 'with --server: check more and longer paths')
    .addOption(
      new Option('--handshake-seconds <number>', 'with --server: the limit handshakeSeconds of that server')
        .argParser(secondsOver0)
        .default(30),
    )
    .addOption(
      new Option('--request-seconds <number>', 'with --server: the limit requestSeconds of that server')
        .argParser(secondsOver0)
        .default(30),
    )
    .action(verify);
}

async function verify(trace: string | undefined, flags: VerifyFlags): Promise<void> {
  const { server, json = false, long = false, handshakeSeconds, requestSeconds, history, diagram } = flags;
  if (history !== undefined) {
    if (trace !== undefined) return fail(USAGE.historyAndTrace());
    const { verifyHistory } = await import('./verify-history.ts');
    return verifyHistory(history === true ? undefined : history, server, { json, isLong: long, diagram });
  }
  if (trace !== undefined && server === undefined) return verifyTrace(trace, flags);
  if (trace !== undefined || server === undefined) return fail(USAGE.verifyWhat());
  const target = { server, handshakeSeconds, requestSeconds };
  const { verifyRunningServer } = await import('./verify-server.ts');
  await verifyRunningServer(target, { json, effort: long ? 'long' : 'short' });
}

async function verifyTrace(path: string, { json = false, diagram, plugin }: VerifyFlags): Promise<void> {
  const { TraceCheck } = await import('../trace/check.ts');
  const check = new TraceCheck(await machinesOfPlugins(plugin));
  const violation = await firstViolation(check, path);
  if (violation !== undefined) process.exitCode = 1;
  if (violation !== undefined && diagram !== undefined) {
    const { diagramOfTrace } = await import('./trace-diagram.ts');
    await drawDiagram(diagram, diagramOfTrace(violation));
  }
  if (json) {
    const steps = Object.fromEntries(check.counts);
    return print(jsonLine({ right: violation === undefined, steps, violation: violation ?? null }));
  }
  if (violation !== undefined) return print(`${printableLines(report(violation))}\n`);
  for (const [chart, steps] of check.counts)
    await print(`${chart.padEnd(12)} ${steps} steps, all of them allowed\n`);
}

async function firstViolation(check: TraceCheck, path: string): Promise<ViolationInFile | undefined> {
  const { readTrace } = await import('./read-trace.ts');
  for await (const [line, step] of readTrace(path)) {
    const violation = check.step(step);
    if (violation !== undefined) return { line, ...violation };
  }
  return undefined;
}

const describe = ({ time, event, from, before, after, clause, description }: TraceStep): string =>
  [
    new Date(time).toISOString(),
    `${before || '(begins)'} → ${after}`,
    `on ${event.type}${from === undefined ? '' : ` from ${from}`}`,
    clause && `(${[clause, description].filter(Boolean).join(': ')})`,
  ]
    .filter(Boolean)
    .join('  ');

function report({ line, step, reason, story }: ViolationInFile): string {
  const title = `line ${line}: ${step.actor} of ${step.scope} (chart ${step.chart}): ${reason}`;
  const earlierSteps = story.map((earlier) => `  ${describe(earlier)}`);
  return [
    title,
    ...(earlierSteps.length > 0 ? ['its story:', ...earlierSteps] : []),
    `! ${describe(step)}`,
  ].join('\n');
}
