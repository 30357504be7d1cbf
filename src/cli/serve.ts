import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { isPolicy } from '../sleigh/options.ts';
import { LEVELS, type Level } from '../transport/logger.ts';
import { createServer, WebListenError, type ServerOptions } from '../server.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { port, wholeNumber } from './numbers.ts';

interface ServeFlags {
  host: string;
  port: number;
  web: boolean;
  webPort: number;
  webHost?: string;
  webAllowHost?: string[];
  webWrite?: true;
  webToken?: string;
  tmpDir?: string;
  longValueSize: number;
  onDeadWorker: string;
  tlsCert?: string;
  tlsKey?: string;
  trace?: string;
  logLevel: Level;
}

/** `sleigh serve`. The environment variables of the old server are read as well; flags come first. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the server until it is told to stop (SIGTERM, SIGINT, or a client with deadman)')
    .addOption(new Option('--host <address>', 'listen here').env('NWS_INTERFACE').default('127.0.0.1'))
    .addOption(
      new Option('--port <number>', 'listen here; 0 takes a free port')
        .env('NWS_SERVER_PORT')
        .argParser(port('--port'))
        .default(8765),
    )
    .addOption(
      new Option('--web-port <number>', 'the web page is here; 0 takes a free port')
        .env('NWS_WEB_PORT')
        .argParser(port('--web-port'))
        .default(8766),
    )
    .addOption(new Option('--web-host <address>', 'the web page listens here (default: as --host)'))
    .option('--web-allow-host <names...>', 'names that browsers may call the web page by, beside its address')
    .option('--web-write', 'the web page may delete and fetch, with a token')
    .addOption(
      new Option('--web-token <token>', 'that token (default: one is made and printed)').env(
        'SLEIGH_WEB_TOKEN',
      ),
    )
    .option('--no-web', 'no web page')
    .addOption(new Option('--tmp-dir <folder>', 'where large values go').env('NWS_TMP_DIR'))
    .addOption(
      new Option('--long-value-size <bytes>', 'a value this large goes to a temporary file')
        .env('NWS_LONG_VALUE_SIZE')
        .argParser(wholeNumber('--long-value-size'))
        .default(DEFAULT_LIMITS.longValueBytes),
    )
    .addOption(
      new Option(
        '--on-dead-worker <policy>',
        'what becomes of the task of a dead worker, where a job does not say',
      )
        .choices(['shutdown', 'requeue', 'null'])
        .default('shutdown'),
    )
    .addOption(new Option('--tls-cert <file>', 'PEM; with a key, TLS is offered').env('NWS_SERVER_SSL_CERT'))
    .addOption(new Option('--tls-key <file>', 'PEM').env('NWS_SERVER_SSL_KEY'))
    .option('--trace <file>', 'write what every chart does, a line of JSON a step')
    .addOption(
      new Option('--log-level <level>', 'how much goes to standard error').choices(LEVELS).default('info'),
    )
    .action(serve);
}

async function serve(flags: ServeFlags, command: Command): Promise<void> {
  // Nobody has to know of the page: a second server on a machine goes on without one.
  const isOptional = command.getOptionValueSource('webPort') === 'default';
  const server = await createServer(optionsOf(flags, isOptional)).catch((error: unknown) => {
    if (error instanceof WebListenError)
      return fail(`cannot listen on ${error.message} for the web page: ${explain(error.cause)}`);
    const isAboutTheAddress = error instanceof Error && 'syscall' in error;
    return fail(
      `${isAboutTheAddress ? `cannot listen on ${flags.host}:${flags.port}: ` : ''}${explain(error)}`,
    );
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
  console.log(`listening on ${server.host}:${server.port}`);
  if (server.web !== undefined) console.log(`web page at ${server.web.url}`);
  // Not into the log, which may be kept.
  if (server.web?.token !== undefined && flags.webToken === undefined)
    console.error(`web token: ${server.web.token}`);
  await server.stopped;
}

function optionsOf(flags: ServeFlags, isOptional: boolean): ServerOptions {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined))
    fail('--tls-cert and --tls-key are needed both, or neither');
  return {
    host: flags.host,
    port: flags.port,
    ...(flags.tmpDir !== undefined && { tmpDir: flags.tmpDir }),
    limits: { longValueBytes: flags.longValueSize },
    ...(isPolicy(flags.onDeadWorker) && { sleigh: { onDeadWorker: flags.onDeadWorker } }),
    ...(flags.tlsCert !== undefined &&
      flags.tlsKey !== undefined && { tls: { cert: readPem(flags.tlsCert), key: readPem(flags.tlsKey) } }),
    ...(flags.trace !== undefined && { trace: flags.trace }),
    ...(flags.web && {
      web: {
        port: flags.webPort,
        ...(flags.webHost !== undefined && { host: flags.webHost }),
        allowHosts: flags.webAllowHost,
        write: flags.webWrite === true,
        token: flags.webToken,
        isOptional,
      },
    }),
    logLevel: flags.logLevel,
  };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return fail(`cannot read ${path}: ${explain(error)}`);
  }
}
