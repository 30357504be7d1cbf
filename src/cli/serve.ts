import { InvalidArgumentError, Option, type Command } from 'commander';
import { authorityOf } from '../wire/authority.ts';
import { isPolicy } from '../sleigh/options.ts';
import { addressList } from '../transport/admission.ts';
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
import { print } from './output.ts';

interface ServeFlags extends CredentialFlags {
  host: string;
  port: number;
  web: boolean;
  webPort: number;
  webHost?: string;
  webAllowHost?: string[];
  webWrite?: true;
  webToken?: string;
  tmpDir?: string;
  longValueSize?: number;
  limit: Partial<Limits>;
  onDeadWorker: string;
  deadman?: boolean;
  drain: number;
  trace?: string;
  logLevel: Level;
  json?: true;
}

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS).join(', ');

function addLimit(text: string, limits: Partial<Limits>): Partial<Limits> {
  const [name = '', number = ''] = text.split('=');
  if (!isLimit(name)) throw new InvalidArgumentError(`There is no limit "${name}", only ${LIMIT_NAMES}.`);
  return { ...limits, [name]: wholeNumber()(number) };
}

function addAddress(address: string, others: string[]): string[] {
  try {
    addressList([address]);
  } catch (error) {
    throw new InvalidArgumentError(explain(error));
  }
  return [...others, address];
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
        .argParser(port)
        .default(8765),
    )
    .addOption(
      new Option('--web-port <number>', 'the web page is here; 0 takes a free port')
        .env('NWS_WEB_PORT')
        .argParser(port)
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
        .argParser(wholeNumber()),
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
    .addOption(
      new Option('--tls-cert <file>', 'PEM; with a key, TLS is offered')
        .env('NWS_SERVER_SSL_CERT')
        .argParser(namedFile),
    )
    .addOption(new Option('--tls-key <file>', 'PEM').env('NWS_SERVER_SSL_KEY').argParser(namedFile))
    .option(
      '--tls-ca <file>',
      'PEM; only clients with a certificate that it has signed get in, by TLS alone',
      namedFile,
    )
    .option(
      '--token-file <file>',
      'only clients that say what is in it get in; old clients cannot; - is standard input',
      namedFileOrInput,
    )
    .option(
      '--allow <address>',
      'only from there: an address, or 10.0.0.0/8; may be repeated',
      addAddress,
      [],
    )
    .option('--allow-file <file>', 'only from the addresses in it, one a line', addressFile)
    .option('--deadman', 'clients may stop the server (default: where it listens on a loopback address)')
    .option('--no-deadman', 'clients may not stop it')
    .addOption(
      new Option('--drain <seconds>', 'on SIGTERM, time for clients to finish and leave')
        .argParser(wholeNumber())
        .default(0),
    )
    .option('--trace <file>', 'write what every chart does, a line of JSON a step')
    .addOption(
      new Option('--log-level <level>', 'how much goes to standard error').choices(LEVELS).default('info'),
    )
    .option('--json', 'say where it listens, and what goes wrong, in lines of JSON')
    .action(serve);
}

async function serve(flags: ServeFlags, command: Command): Promise<void> {
  // Loaded by who needs it: `sleigh --version` begins in 0.7 of the time without.
  const { createServer, WebListenError } = await import('../server.ts');
  const { createLogger } = await import('../transport/logger.ts');
  const logger = createLogger(flags.logLevel);
  // Nobody has to know of the page: a second server on a machine goes on without one.
  const isOptional = command.getOptionValueSource('webPort') === 'default';
  const server = await createServer({ ...optionsOf(flags, isOptional), logger }).catch((error: unknown) => {
    if (error instanceof WebListenError)
      return fail(
        `cannot listen on ${error.message} for the web page: ${explain(error.cause)}`,
        'not-listening',
      );
    const isAboutTheAddress = error instanceof Error && 'syscall' in error;
    if (!isAboutTheAddress) return fail(explain(error), 'not-begun');
    return fail(
      `cannot listen on ${authorityOf(flags.host, flags.port)}: ${explain(error)}`,
      'not-listening',
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
  process.on('SIGHUP', () => {
    try {
      server.reload(credentialsOf(readAgain(flags)));
    } catch (error) {
      logger.error({ reason: explain(error) }, 'certificates, token and addresses stay as they were');
    }
  });
  await print(announcement(server, flags)).catch(async (error: unknown) => {
    // That nobody reads it is no reason not to serve.
    if (error instanceof Interruption) return;
    await server.close();
    throw error;
  });
  await server.stopped;
}

/** Where it listens. A token that was made is told here, and not in the log, which may be kept. */
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
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined))
    fail('--tls-cert and --tls-key are needed both, or neither', 'usage');
  if (flags.tlsCa !== undefined && flags.tlsCert === undefined)
    fail('--tls-ca needs --tls-cert and --tls-key', 'usage');
  return {
    host: flags.host,
    port: flags.port,
    ...(flags.tmpDir !== undefined && { tmpDir: flags.tmpDir }),
    limits: {
      ...(flags.longValueSize !== undefined && { longValueBytes: flags.longValueSize }),
      ...flags.limit,
    },
    ...(isPolicy(flags.onDeadWorker) && { sleigh: { onDeadWorker: flags.onDeadWorker } }),
    ...credentialsOf(flags),
    ...(flags.deadman !== undefined && { deadman: flags.deadman }),
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
  };
}
