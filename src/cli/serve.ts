import { InvalidArgumentError, Option, type Command } from 'commander';
import { authorityOf } from '../wire/authority.ts';
import { isPolicy } from '../sleigh/options.ts';
import { addressList } from '../transport/admission.ts';
import { SYNC_MODES, type SyncMode } from '../transport/sync-modes.ts';
import { LEVELS, type Level } from '../transport/log-levels.ts';
import type { Server, ServerOptions } from '../server.ts';
import { DEFAULT_LIMITS, isLimit, type Limits } from '../wire/limits.ts';
import {
  addressFile,
  credentialsOf,
  namedFile,
  namedFileOrInput,
  readAgain,
  type CredentialFlags,
} from './credentials.ts';
import { explain } from './explain.ts';
import { fail } from './fail.ts';
import { Interruption } from './interruption.ts';
import { jsonLine } from './json-line.ts';
import { port, wholeNumber } from './numbers.ts';
import { storeOf, storeOptions, type StoreFlags } from './store-options.ts';
import { print } from './output.ts';
import { FLAG, START, USAGE } from './errors.ts';
import { pluginOption, pluginsIn } from './plugin-option.ts';
import { isBasePath } from '../web/base-path.ts';

interface ServeFlags extends CredentialFlags, StoreFlags {
  host: string;
  port: number;
  web: boolean;
  webPort: number;
  webHost?: string;
  webAllowHost?: string[];
  webBase?: string;
  webWrite?: true;
  webToken?: string;
  data?: string;
  sync: SyncMode;
  dataOnNetwork?: true;
  history: number;
  tmpDir?: string;
  longValueSize?: number;
  limit: Partial<Limits>;
  onDeadWorker: string;
  deadman?: boolean;
  drain: number;
  plugin: string[];
  trace?: string;
  verify?: true;
  logLevel: Level;
  json?: true;
}

/** Seconds in which clients may finish and disconnect after SIGTERM. */
export const DEFAULT_DRAIN_S = 0;

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS).join(', ');

function addLimit(text: string, limits: Partial<Limits>): Partial<Limits> {
  const [name = '', number = ''] = text.split('=');
  if (!isLimit(name)) throw new InvalidArgumentError(FLAG.limitName(name, LIMIT_NAMES).message);
  return { ...limits, [name]: wholeNumber()(number) };
}

function basePath(text: string): string {
  if (!isBasePath(text)) throw new InvalidArgumentError(FLAG.basePath().message);
  return text;
}

function addAddress(address: string, others: string[]): string[] {
  try {
    addressList([address]);
  } catch (error) {
    throw new InvalidArgumentError(explain(error));
  }
  return [...others, address];
}

/** `sleigh serve`. It also reads the environment variables of the old server; flags have priority. */
export function addServeCommand(program: Command): void {
  const serving = program
    .command('serve')
    .description('run the server until SIGTERM or SIGINT stops it')
    .addOption(
      new Option('--host <address>', 'listen for clients on this address')
        .env('NWS_INTERFACE')
        .default('127.0.0.1'),
    )
    .addOption(
      new Option('--port <number>', 'listen for clients on this port; 0 selects a free one')
        .env('NWS_SERVER_PORT')
        .argParser(port)
        .default(8765),
    )
    .addOption(
      new Option('--web-port <number>', 'serve the web page on this port; 0 selects a free one')
        .env('NWS_WEB_PORT')
        .argParser(port)
        .default(8766),
    )
    .addOption(
      new Option('--web-host <address>', 'serve the web page on this address (default: that of --host)'),
    )
    .option(
      '--web-allow-host <names...>',
      'accept these host names in requests for the web page, beside its address',
    )
    .addOption(
      new Option(
        '--web-base <path>',
        'the path at which a proxy shows the web page, such as /cluster',
      ).argParser(basePath),
    )
    .option('--web-write', 'allow the web page to delete and to fetch values; it asks for a token')
    .addOption(
      new Option(
        '--web-token <token>',
        'the token for --web-write (default: a random one, which is printed)',
      ).env('SLEIGH_WEB_TOKEN'),
    )
    .option('--no-web', 'serve no web page')
    .option(
      '--data <folder>',
      'keep workspaces in this folder, so that they survive the server (default: they are in memory only)',
    )
    .addOption(
      new Option(
        '--sync <when>',
        'send a reply when what it says is on the disk, or when the operating system has it, which writes it within a second; needs --data',
      )
        .choices(SYNC_MODES)
        .default('always'),
    )
    .addOption(
      new Option(
        '--history <days>',
        'show jobs that have ended in the page for this number of days; 0: not at all',
      )
        .argParser(wholeNumber())
        .default(7),
    )
    .option('--data-on-network', 'allow a folder on a network file system for --data, which may lose data')
    .addOption(
      new Option('--tmp-dir <folder>', 'write large values to files in this folder').env('NWS_TMP_DIR'),
    )
    .addOption(
      new Option('--long-value-size <bytes>', 'write values of this size and above to temporary files')
        .env('NWS_LONG_VALUE_SIZE')
        .argParser(wholeNumber()),
    )
    .addOption(
      new Option('--limit <name=number>', `change a limit; may be repeated; the names are ${LIMIT_NAMES}`)
        .argParser(addLimit)
        .default({}, 'those of docs/protocol.md'),
    )
    .addOption(
      new Option(
        '--on-dead-worker <policy>',
        'what to do when a worker dies: end its job, run its task again, or give the master a null result; a job may choose for itself',
      )
        .choices(['shutdown', 'requeue', 'null'])
        .default('shutdown'),
    )
    .addOption(
      new Option('--tls-cert <file>', 'offer TLS with this certificate, a PEM file; needs --tls-key')
        .env('NWS_SERVER_SSL_CERT')
        .argParser(namedFile),
    )
    .addOption(
      new Option('--tls-key <file>', 'the private key for --tls-cert, a PEM file')
        .env('NWS_SERVER_SSL_KEY')
        .argParser(namedFile),
    )
    .option(
      '--tls-ca <file>',
      'admit only clients whose certificate this authority has signed, a PEM file; they must use TLS',
      namedFile,
    )
    .option(
      '--token-file <file>',
      'admit only clients that give the token in this file; - reads it from standard input; clients of 2010 cannot give one',
      namedFileOrInput,
    )
    .option(
      '--allow <address>',
      'admit clients only from this address, or from a range such as 10.0.0.0/8; may be repeated',
      addAddress,
      [],
    )
    .option(
      '--allow-file <file>',
      'admit clients only from the addresses in this file, one on each line',
      addressFile,
    )
    .option('--deadman', 'allow clients to stop the server (default: allowed on a loopback address)')
    .option('--no-deadman', 'do not allow clients to stop the server')
    .addOption(
      new Option('--drain <seconds>', 'seconds that clients have to finish and disconnect after SIGTERM')
        .argParser(wholeNumber())
        .default(DEFAULT_DRAIN_S),
    )
    .addOption(pluginOption('load a module whose default export is a plugin for jobs, or an array of them'))
    .option('--trace <file>', 'write each step of every statechart to this file, as a line of JSON')
    .option(
      '--verify',
      'check each step of every statechart while the server runs; a violation is logged, counted in /metrics and shown in the page',
    )
    .addOption(
      new Option('--log-level <level>', 'log messages of this level and above, to standard error')
        .choices(LEVELS)
        .default('info'),
    )
    .option('--json', 'print the addresses and errors as lines of JSON')
    .action(serve);
  for (const option of storeOptions()) serving.addOption(option);
}

async function serve(flags: ServeFlags, command: Command): Promise<void> {
  // Loaded on demand: `sleigh --version` takes 0.7 of the time without it.
  const { createServer, WebListenError } = await import('../server.ts');
  const { createLogger } = await import('../transport/logger.ts');
  const logger = createLogger(flags.logLevel);
  // A default port in use is not an error: a second server on a machine runs without a page.
  const isOptional = command.getOptionValueSource('webPort') === 'default';
  const begin = async (): Promise<Server> =>
    createServer({ ...optionsOf(flags, isOptional), plugins: await pluginsIn(flags.plugin), logger });
  const server = await begin().catch((error: unknown) => {
    if (error instanceof WebListenError)
      return fail(START.pageNotListening(error.message, explain(error.cause)));
    const isAboutTheAddress = error instanceof Error && 'syscall' in error;
    if (!isAboutTheAddress) return fail(START.notBegun(explain(error)));
    return fail(START.notListening(authorityOf(flags.host, flags.port), explain(error)));
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
  process.on('SIGHUP', () => {
    try {
      server.reload(credentialsOf(readAgain(flags)));
    } catch (error) {
      logger.error({ reason: explain(error) }, 'certificates, token and addresses stay as they were');
    }
  });
  await print(announcement(server, flags)).catch(async (error: unknown) => {
    // The server runs even if nobody reads its output.
    if (error instanceof Interruption) return;
    await server.close();
    throw error;
  });
  await server.stopped;
  if (server.failure !== undefined) fail(START.ended(server.failure.message));
}

/** The line that says where it listens. A random token is printed here and not in the log, which may be kept. */
function announcement({ host, port, web }: Server, flags: ServeFlags): string {
  const token = flags.webToken === undefined ? web?.token : undefined;
  if (flags.json === true) {
    const tls = flags.tlsCert === undefined ? 'none' : flags.tlsCa === undefined ? 'offered' : 'required';
    const page = web && {
      host: web.host,
      port: web.port,
      url: web.url,
      ...(token !== undefined && { token }),
    };
    const needsToken = flags.tokenFile !== undefined;
    return jsonLine({ host, port, tls, needsToken, web: page ?? null, pid: process.pid });
  }
  if (token !== undefined) console.error(`web token: ${token}`);
  const page = web === undefined ? '' : `web page at ${web.url}\n`;
  return `listening on ${authorityOf(host, port)}\n${page}`;
}

function optionsOf(flags: ServeFlags, isOptional: boolean): ServerOptions {
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) fail(USAGE.certWithoutKey());
  if (flags.tlsCa !== undefined && flags.tlsCert === undefined) fail(USAGE.caWithoutCert());
  return {
    host: flags.host,
    port: flags.port,
    ...(flags.data !== undefined && {
      data: { folder: flags.data, sync: flags.sync, isOnNetwork: flags.dataOnNetwork },
    }),
    ...storeOf(flags),
    historyDays: flags.history,
    ...(flags.tmpDir !== undefined && { tmpDir: flags.tmpDir }),
    limits: {
      ...(flags.longValueSize !== undefined && { longValueBytes: flags.longValueSize }),
      ...flags.limit,
    },
    ...(isPolicy(flags.onDeadWorker) && { sleigh: { onDeadWorker: flags.onDeadWorker } }),
    ...credentialsOf(flags),
    ...(flags.deadman !== undefined && { deadman: flags.deadman }),
    ...(flags.trace !== undefined && { trace: flags.trace }),
    ...(flags.verify === true && { verify: true }),
    ...(flags.web && {
      web: {
        port: flags.webPort,
        ...(flags.webHost !== undefined && { host: flags.webHost }),
        allowHosts: flags.webAllowHost,
        base: flags.webBase,
        write: flags.webWrite === true,
        token: flags.webToken,
        isOptional,
      },
    }),
  };
}
