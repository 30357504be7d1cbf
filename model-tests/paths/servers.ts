import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { createServer, type Server, type ServerOptions } from '../../src/index.ts';
import type { TestTarget } from '../../src/verify/test-target.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));

/** Long enough on a busy machine. */
const HANDSHAKE_SECONDS = 8;
const REQUEST_SECONDS = 8;
const FAULTY_KIND = 'faulty';

const ON_PURPOSE = 'a fault on purpose';
/** The errors in the logs of the servers, except those that are caused on purpose. */
export const errors: string[] = [];

const OPTIONS: ServerOptions = {
  port: 0,
  logger: pino(
    { level: 'error', serializers: { error: pino.stdSerializers.err } },
    { write: (line) => void (line.includes(ON_PURPOSE) || errors.push(line)) },
  ),
  limits: { handshakeSeconds: HANDSHAKE_SECONDS, requestSeconds: REQUEST_SECONDS },
  tls: { cert: fixture('localhost.crt'), key: fixture('localhost.key') },
  workspaceTypes: {
    [FAULTY_KIND]: () => {
      throw new Error(ON_PURPOSE);
    },
  },
};

/** A server that offers everything. */
export async function startTarget(): Promise<{ server: Server; target: TestTarget }> {
  const server = await createServer(OPTIONS);
  const target: TestTarget = {
    server,
    handshakeSeconds: HANDSHAKE_SECONDS,
    requestSeconds: REQUEST_SECONDS,
    faultyKind: FAULTY_KIND,
    disposable: () => createServer(OPTIONS),
  };
  return { server, target };
}
