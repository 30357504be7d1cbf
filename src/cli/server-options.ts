import { InvalidArgumentError, Option } from 'commander';
import type { ServerAddress } from '../client/connection/server-address.ts';
import { authorityOf, parseAuthority, type Address } from '../wire/authority.ts';
import { readable } from './readable.ts';
import { FLAG } from './errors.ts';

/** A server, and others with the same store, which are tried in this order if that one cannot be reached (D24). */
export interface ServerList extends Address {
  readonly others?: readonly string[];
}

/** The flags that select a server, and how to connect to it. */
export interface ServerFlags {
  readonly server: ServerList;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tokenFile?: string;
}

const USUAL: Address = { host: '127.0.0.1', port: 8765 };

/** For commands that are about one server, whatever others there are. */
export const oneServerOption = (about: string): Option =>
  new Option('--server <host:port>', about).argParser(address);

/** @param about what is done with the server */
export const serverOption = (about: string): Option =>
  new Option(
    '--server <host:port>',
    `${about}; several that share a store have commas between them, and the first that answers is used`,
  ).argParser(serverList);

/** For commands that need a running server. */
const usualServerOption = (): Option =>
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

/** The addresses of a list, as they were given. */
export const textOfServers = ({ host, port, others = [] }: ServerList): string =>
  [authorityOf(host, port), ...others].join(',');

function serverList(text: string): ServerList {
  const [first = '', ...rest] = text.split(',');
  const others = rest.map(listedAddress).map(({ host, port }) => authorityOf(host, port));
  return { ...listedAddress(first), ...(others.length > 0 && { others }) };
}

function listedAddress(text: string): Address {
  const parsed = parseAuthority(text.trim());
  if (parsed === undefined) throw new InvalidArgumentError(FLAG.addresses(text).message);
  return parsed;
}

function address(text: string): Address {
  const parsed = parseAuthority(text);
  if (parsed === undefined) throw new InvalidArgumentError(FLAG.address().message);
  return parsed;
}
