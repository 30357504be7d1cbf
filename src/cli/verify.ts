import type { Command } from 'commander';
import { TraceCheck, type Violation } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { parseAddress } from './address.ts';
import { fail } from './fail.ts';
import { readTrace } from './read-trace.ts';
import { verifyRunningServer } from './verify-server.ts';

interface VerifyFlags {
  readonly server?: string;
  readonly json?: boolean;
  readonly handshakeSeconds: string;
  readonly requestSeconds: string;
  readonly long?: boolean;
}

/** `sleigh verify`. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'check a trace that `sleigh serve --trace` wrote, or a running server, against the statecharts',
    )
    .argument('[trace]', 'a file of JSON lines')
    .option('--server <host:port>', 'run generated paths and the recorded conversations against it')
    .option('--json', 'with --server: report as one line of JSON')
    .option('--long', 'with --server: more and longer paths')
    .option('--handshake-seconds <number>', 'with --server: what it gives a handshake', '30')
    .option('--request-seconds <number>', 'with --server: in which some of a request must come', '30')
    .action(verify);
}

async function verify(trace: string | undefined, flags: VerifyFlags): Promise<void> {
  const { server, json = false, long = false } = flags;
  if (trace !== undefined && server === undefined) return verifyTrace(trace);
  if (trace !== undefined || server === undefined)
    return fail('verify needs a trace, or --server HOST:PORT, and not both');
  const address = parseAddress(server);
  if (address === undefined) return fail(`--server must be HOST:PORT, not "${server}"`);
  const handshakeSeconds = Number(flags.handshakeSeconds);
  if (!(handshakeSeconds > 0)) return fail('--handshake-seconds must be a number over 0');
  const requestSeconds = Number(flags.requestSeconds);
  if (!(requestSeconds > 0)) return fail('--request-seconds must be a number over 0');
  const grounds = { server: address, handshakeSeconds, requestSeconds };
  await verifyRunningServer(grounds, { json, effort: long ? 'long' : 'short' });
}

async function verifyTrace(path: string): Promise<void> {
  const check = new TraceCheck();
  for await (const [line, step] of readTrace(path)) {
    const violation = check.step(step);
    if (violation !== undefined) {
      console.log(report(line, violation));
      process.exitCode = 1;
      return;
    }
  }
  for (const [chart, steps] of check.counts)
    console.log(`${chart.padEnd(12)} ${steps} steps, all of them allowed`);
}

const describe = ({ time, event, from, before, after, clause }: TraceStep): string =>
  [
    new Date(time).toISOString(),
    `${before || '(begins)'} → ${after}`,
    `on ${event.type}${from === undefined ? '' : ` from ${from}`}`,
    clause && `(${clause})`,
  ]
    .filter(Boolean)
    .join('  ');

function report(line: number, { step, reason, story }: Violation): string {
  const title = `line ${line}: ${step.actor} of ${step.scope} (chart ${step.chart}): ${reason}`;
  const told = story.map((earlier) => `  ${describe(earlier)}`);
  return [title, ...(told.length > 0 ? ['its story:', ...told] : []), `! ${describe(step)}`].join('\n');
}
