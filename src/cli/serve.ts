import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { isPolicy } from '../sleigh/options.ts';
import { LEVELS, type Level } from '../transport/logger.ts';
import { createServer, type ServerOptions } from '../transport/server.ts';
import { DEFAULT_LIMITS, isLimit, type Limits } from '../wire/limits.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';

interface ServeFlags {
  host: string;
  port: number;
  webPort?: number;
  tmpDir?: string;
  longValueSize?: number;
  limit: Partial<Limits>;
  onDeadWorker: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
  tokenFile?: string;
  allow: string[];
  drain: number;
  trace?: string;
  logLevel: Level;
}

const wholeNumber =
  (what: string, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n > most) fail(`${what} must be a whole number up to ${most}, not "${text}"`);
    return n;
  };

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS).join(', ');

function addLimit(text: string, limits: Partial<Limits>): Partial<Limits> {
  const [name = '', number = ''] = text.split('=');
  if (!isLimit(name)) fail(`--limit knows no "${name}"; there are ${LIMIT_NAMES}`);
  return { ...limits, [name]: wholeNumber(`--limit ${name}`)(number) };
}

const addAddress = (address: string, others: string[]): string[] => [...others, address];

const port = (flag: string) => wholeNumber(flag, 65_535);

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
      new Option('--web-port <number>', 'reserved for the web page')
        .env('NWS_WEB_PORT')
        .argParser(port('--web-port')),
    )
    .addOption(new Option('--tmp-dir <folder>', 'where large values go').env('NWS_TMP_DIR'))
    .addOption(
      new Option('--long-value-size <bytes>', 'a value this large goes to a temporary file')
        .env('NWS_LONG_VALUE_SIZE')
        .argParser(wholeNumber('--long-value-size')),
    )
    .addOption(
      new Option('--limit <name=number>', `what the server takes at most; may be repeated: ${LIMIT_NAMES}`)
        .argParser(addLimit)
        .default({}, 'those of docs/protocol.md'),
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
    .option('--tls-ca <file>', 'PEM; only clients with a certificate that it has signed get in, by TLS alone')
    .option('--token-file <file>', 'only clients that say what is in it get in; old clients cannot')
    .option(
      '--allow <address>',
      'only from there: an address, or 10.0.0.0/8; may be repeated',
      addAddress,
      [],
    )
    .addOption(
      new Option('--drain <seconds>', 'on SIGTERM, time for clients to finish and leave')
        .argParser(wholeNumber('--drain'))
        .default(0),
    )
    .option('--trace <file>', 'write what every chart does, a line of JSON a step')
    .addOption(
      new Option('--log-level <level>', 'how much goes to standard error').choices(LEVELS).default('info'),
    )
    .action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  const server = await createServer(optionsOf(flags)).catch((error: unknown) => {
    const isAboutTheAddress = error instanceof Error && 'syscall' in error;
    return fail(
      `${isAboutTheAddress ? `cannot listen on ${flags.host}:${flags.port}: ` : ''}${explain(error)}`,
    );
  });
  let { drain } = flags;
  process.on('SIGTERM', () => {
    void server.close({ drain });
    drain = 0;
  });
  process.once('SIGINT', () => void server.close());
  process.on('SIGUSR2', () => {
    server.logLevel = server.logLevel === 'debug' ? flags.logLevel : 'debug';
  });
  console.log(`listening on ${server.host}:${server.port}`);
  await server.stopped;
}

function optionsOf(flags: ServeFlags): ServerOptions {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined))
    fail('--tls-cert and --tls-key are needed both, or neither');
  if (flags.tlsCa !== undefined && flags.tlsCert === undefined)
    fail('--tls-ca needs --tls-cert and --tls-key');
  return {
    host: flags.host,
    port: flags.port,
    ...(flags.tmpDir !== undefined && { tmpDir: flags.tmpDir }),
    limits: {
      ...(flags.longValueSize !== undefined && { longValueBytes: flags.longValueSize }),
      ...flags.limit,
    },
    ...(isPolicy(flags.onDeadWorker) && { sleigh: { onDeadWorker: flags.onDeadWorker } }),
    ...(flags.tlsCert !== undefined &&
      flags.tlsKey !== undefined && {
        tls: {
          cert: readFile(flags.tlsCert),
          key: readFile(flags.tlsKey),
          ...(flags.tlsCa !== undefined && { ca: readFile(flags.tlsCa) }),
        },
      }),
    admission: {
      allow: flags.allow,
      ...(flags.tokenFile !== undefined && { token: readFile(flags.tokenFile).toString('latin1').trim() }),
    },
    ...(flags.trace !== undefined && { trace: flags.trace }),
    logLevel: flags.logLevel,
  };
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return fail(`cannot read ${path}: ${explain(error)}`);
  }
}
