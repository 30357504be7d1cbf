import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { MAIN } from './run-process.ts';

/** The outcome of a command. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the built command to its end. */
export async function sleigh(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  return outcomeOf(child);
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr?.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode, output, errors };
}

/** A server as a process of its own. */
export interface ServeProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** The line that it printed when it was ready. */
  readonly line: string;
  readonly outcome: Promise<Outcome>;
  /** Its output so far. */
  output(): string;
  /** Its standard error so far. */
  errors(): string;
  kill(signal: NodeJS.Signals): void;
}

/**
 * @param args flags; a free port is used unless they name one, and there is no web page unless they mention it. An
 * object contains environment variables.
 */
export async function startServe(...args: (string | Record<string, string>)[]): Promise<ServeProcess> {
  const flags = args.filter((arg) => typeof arg === 'string');
  const env = Object.assign({}, process.env, ...args.filter((arg) => typeof arg === 'object'));
  const hasPort = flags.includes('--port') || 'NWS_SERVER_PORT' in env;
  const hasWeb = flags.some((flag) => flag.startsWith('--web')) || 'NWS_WEB_PORT' in env;
  const usual = [...(hasPort ? [] : ['--port', '0']), ...(hasWeb ? [] : ['--no-web'])];
  return startSleigh(['serve', ...usual, ...flags], env);
}

/**
 * A command that prints in its first line where it listens.
 * @param within a command that runs it elsewhere, such as in a network namespace
 */
export async function startSleigh(
  args: readonly string[],
  env = process.env,
  within: readonly string[] = [],
): Promise<ServeProcess> {
  const [command = '', ...words] = [...within, process.execPath, MAIN, ...args];
  const child = spawn(command, words, { env });
  const outcome = outcomeOf(child);
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const lines = createInterface(child.stdout);
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => String(first)),
    outcome.then((ended) => Promise.reject(new Error(`it ended: ${ended.errors}`))),
  ]);
  return {
    port: Number(line.split(':').at(-1)),
    pid: child.pid ?? 0,
    line,
    outcome,
    output: () => output,
    errors: () => errors,
    kill: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await outcome;
    },
  };
}
