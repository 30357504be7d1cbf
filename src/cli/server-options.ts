import { InvalidArgumentError, Option } from 'commander';
import type { ServerAddress } from '../client/connection/server-address.ts';
import { parseAddress, type Address } from './address.ts';
import { readable } from './readable.ts';
import { FLAG } from './errors.ts';

/** The flags that select a server, and how to connect to it. */
export interface ServerFlags {
  readonly server: Address;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tokenFile?: string;
}

const USUAL: Address = { host: '127.0.0.1', port: 8765 };

export const serverOption = (about: string): Option =>
  new Option('--server <host:port>', about).argParser(address);

/** For commands that need a running server. */
export const usualServerOption = (): Option =>
  serverOption('the address of the server')
    .env('SLEIGH_SERVER')
    .default(USUAL, `${USUAL.host}:${USUAL.port}`);

const tlsOption = (): Option => new Option('--tls', 'connect to the server with TLS');

const tlsCaOption = (): Option =>
  new Option('--tls-ca <file>', 'connect with TLS, and trust this authority as well, a PEM file').argParser(
    (path) => readable(path).toString(),
  );

/** The token is in a file, because every user of the host can read the arguments of a command. */
const tokenFileOption = (): Option =>
  new Option('--token-file <file>', 'give the server the token in this file').argParser((path) =>
    readable(path).toString('latin1').trim(),
  );

/** The options for connecting to a server. */
export const admissionOptions = (): readonly Option[] => [tlsOption(), tlsCaOption(), tokenFileOption()];

export const serverOptions = (): readonly Option[] => [usualServerOption(), ...admissionOptions()];

export function serverOf({ server, tls, tlsCa, tokenFile }: ServerFlags): ServerAddress {
  const secure = tlsCa === undefined ? tls : { ca: tlsCa };
  return {
    ...server,
    ...(secure !== undefined && { tls: secure }),
    ...(tokenFile !== undefined && { token: tokenFile }),
  };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new InvalidArgumentError(FLAG.address().message);
  return parsed;
}
