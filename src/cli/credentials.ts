import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { addressList, type AdmissionOptions } from '../transport/admission.ts';
import type { TlsOptions } from '../transport/tls.ts';
import { explain } from './explain.ts';
import { readable } from './readable.ts';
import { FILE, FLAG } from './errors.ts';
import { plainError } from '../wire/error-kind.ts';

/** A file that a flag names, with its content. */
export interface NamedFile {
  /** `-` means standard input. */
  readonly path: string;
  readonly content: Buffer;
}

/** The flags of `sleigh serve` that control access. */
export interface CredentialFlags {
  readonly tlsCert?: NamedFile;
  readonly tlsKey?: NamedFile;
  readonly tlsCa?: NamedFile;
  readonly tokenFile?: NamedFile;
  readonly allow: readonly string[];
  readonly allowFile?: NamedFile;
}

/** Which clients may connect. */
export interface Credentials {
  readonly tls?: TlsOptions;
  readonly admission: AdmissionOptions;
}

/** Its file descriptor. */
const STANDARD_INPUT = 0;

/**
 * For commander.
 * @throws InvalidArgumentError if the file cannot be read
 */
export const namedFile = (path: string): NamedFile => ({ path, content: readable(path) });

/** As `namedFile`; `-` reads standard input to its end. */
export const namedFileOrInput = (path: string): NamedFile =>
  path === '-' ? { path, content: readFileSync(STANDARD_INPUT) } : namedFile(path);

/**
 * As `namedFile`, for addresses.
 * @throws InvalidArgumentError if a line is not an address
 */
export function addressFile(path: string): NamedFile {
  const file = namedFile(path);
  try {
    addressesIn(file);
  } catch (error) {
    throw new InvalidArgumentError(explain(error));
  }
  return file;
}

/** @throws Error if a line of the list of addresses is invalid */
export function credentialsOf(flags: CredentialFlags): Credentials {
  const { tlsCert, tlsKey, tlsCa, tokenFile, allow, allowFile } = flags;
  const isListed = allowFile !== undefined || allow.length > 0;
  return {
    ...(tlsCert !== undefined &&
      tlsKey !== undefined && {
        tls: {
          cert: tlsCert.content,
          key: tlsKey.content,
          ...(tlsCa !== undefined && { ca: tlsCa.content }),
        },
      }),
    admission: {
      ...(isListed && { allow: [...allow, ...(allowFile === undefined ? [] : addressesIn(allowFile))] }),
      ...(tokenFile !== undefined && { token: tokenFile.content.toString('latin1').trim() }),
    },
  };
}

/**
 * Reads the files again. Standard input has ended, so its content stays.
 * @throws Error that names the file that cannot be read
 */
export function readAgain(flags: CredentialFlags): CredentialFlags {
  const { tlsCert, tlsKey, tlsCa, tokenFile, allow, allowFile } = flags;
  return {
    allow,
    ...(tlsCert && { tlsCert: again(tlsCert) }),
    ...(tlsKey && { tlsKey: again(tlsKey) }),
    ...(tlsCa && { tlsCa: again(tlsCa) }),
    ...(tokenFile && { tokenFile: again(tokenFile) }),
    ...(allowFile && { allowFile: again(allowFile) }),
  };
}

function again(file: NamedFile): NamedFile {
  if (file.path === '-') return file;
  try {
    return { path: file.path, content: readFileSync(file.path) };
  } catch (error) {
    throw plainError(FILE.credentialUnreadable(file.path, explain(error)), { cause: error });
  }
}

/**
 * One address a line; `#` begins a comment.
 * @throws Error that names the invalid line, or says that there is no address
 */
function addressesIn({ path, content }: NamedFile): readonly string[] {
  const addresses = content
    .toString()
    .split('\n')
    .flatMap((line, at) => {
      const address = line.replace(/#.*/, '').trim();
      if (address === '') return [];
      try {
        addressList([address]);
      } catch (error) {
        throw plainError(FLAG.noAddressInLine(at + 1, path, explain(error)), { cause: error });
      }
      return [address];
    });
  if (addresses.length === 0) throw plainError(FLAG.noAddress(path));
  return addresses;
}
