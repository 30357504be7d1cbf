import { errorKind, type Catalogue } from '../wire/error-kind.ts';

/** Every error of a server that starts, or is given new credentials: its code, its text, and what to do about it. */
export const SERVER = {
  badCertificate: errorKind(
    'bad-certificate',
    (why: string) => `the certificate or the key cannot be used: ${why}`,
    'Give a certificate and its own key, both PEM.',
    'error:0909006C:PEM routines::no start line',
  ),
  badToken: errorKind(
    'bad-token',
    () => 'a token has from 1 to 9999 bytes',
    'Write such a token into the file.',
  ),
  noAddress: errorKind(
    'no-address',
    (text: string) => `"${text}" is no address, nor a range of them such as 10.0.0.0/8`,
    'Give an IP address or a range; names of hosts are not looked up.',
    'ada',
  ),
  otherKind: errorKind(
    'other-kind',
    () => 'a token, a certificate and an authority for clients are asked for from the start, or never',
    'Start the server again with what is to be asked for.',
  ),
  noTemporaryFiles: errorKind(
    'no-temporary-files',
    (folder: string, why: string) => `temporary files cannot be made in ${folder}: ${why}`,
    'Name a folder that the server can write to (`--tmp-dir`).',
    '/var/tmp/sleigh',
    'EACCES',
  ),
  diskLimit: errorKind(
    'disk-limit',
    (bytes: number, most: number) => `large values take ${bytes} bytes on disk; the limit is ${most}`,
    'Take values out, or raise `serverBytes` (P12).',
    2_000,
    1_000,
  ),
  diskFull: errorKind(
    'disk-full',
    (room: number, announced: number) =>
      `ENOSPC: the disk has room for ${room} bytes, and ${announced} are announced`,
    'Make room in the folder of `--tmp-dir`.',
    1_000,
    2_000,
  ),
  noPlugins: errorKind(
    'bad-plugin',
    (type: string) => `\`plugins\` must be an array, got a value of type ${type}`,
    'Give an array of plugins. Types of workspaces have an option of their own, `workspaceTypes`.',
    'object',
  ),
  badPlugin: errorKind(
    'bad-plugin',
    (at: number, why: string) => `plugin ${at} cannot be used: ${why}`,
    'Give objects with a `name` of their own, such as `{ name, onEvent }`.',
    0,
    'it has no `name`',
  ),
  noTrace: errorKind(
    'no-trace',
    (path: string) => `the trace cannot be written to ${path}`,
    'Name a file, in a folder that is there, that the server can write.',
    'traces/server',
  ),
} as const satisfies Catalogue;
