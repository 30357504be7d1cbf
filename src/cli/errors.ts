import { errorKind, type Catalogue } from '../wire/error-kind.ts';
import { FLAG, USAGE } from './flag-errors.ts';

export { FLAG, USAGE } from './flag-errors.ts';

/**
 * Every error of the command line: its code (in `--json`, as `error.code`), its text, and what to do about it. Errors of the
 * client library, which most commands use, are in src/client/errors.ts.
 */

/** Files, standard input and output. */
export const FILE = {
  unreadable: errorKind(
    'unreadable',
    (what: string, why: string) => `cannot read ${what}: ${why}`,
    'Name a file that is there and that this user can read.',
    'lines.txt',
    'there is no such file',
  ),
  unwritable: errorKind(
    'unwritable',
    (what: string, why: string) => `cannot write ${what}: ${why}`,
    'Name a file, in a folder that is there, that this user can write.',
    'run.log',
    'not permitted',
  ),
  outputGone: errorKind(
    'unwritable',
    (why: string) => `cannot write to standard output: ${why}`,
    'Look at what standard output leads to.',
    'no space is left on the device',
  ),
  folderUnwritable: errorKind(
    'unwritable',
    (folder: string, why: string) => `cannot write to ${folder}: ${why}`,
    'Name a folder that this user can write to.',
    'pictures',
    'not permitted',
  ),
  credentialUnreadable: errorKind(
    'unreadable',
    (path: string, why: string) => `${path} cannot be read: ${why}`,
    'Mend the file and send SIGHUP again; the server goes on with what it has.',
    'server.key',
    'there is no such file',
  ),
  noTraceStep: errorKind(
    'not-a-trace',
    (line: number, path: string) => `line ${line} of ${path} is no step of a trace`,
    'Give a file that `sleigh serve --trace FILE` has written.',
    7,
    'lines.txt',
  ),
  emptyTrace: errorKind(
    'not-a-trace',
    (path: string) => `${path} is empty: a trace has a line for each step of an actor`,
    'Give a file that `sleigh serve --trace FILE` has written.',
    'trace',
  ),
  noOperation: errorKind(
    'not-a-history',
    (line: number, path: string, why: string) => `line ${line} of ${path} is no operation: ${why}`,
    'Correct the line; docs/verification.md describes the fields.',
    7,
    'history.jsonl',
    '"invoked" is missing: the time of the request',
  ),
  emptyHistory: errorKind(
    'not-a-history',
    (path: string) => `${path} is empty: a history has a line for each operation`,
    'Give a file with a line for each operation; docs/verification.md describes them.',
    'history.jsonl',
  ),
} as const satisfies Catalogue;

/** Lines of an input, and of a log. They are the end of `cannot read FILE: line N …`. */
export const LINE = {
  utf32: errorKind(
    'unreadable',
    (line: number) => `line ${line} begins with the byte order mark of UTF-32, which is not read`,
    'Write the input in UTF-8.',
    1,
  ),
  otherEncoding: errorKind(
    'unreadable',
    (line: number, encoding: string) =>
      `line ${line} is not ${encoding}; --encoding says what the input is written in, latin1 for example`,
    'Say the encoding, or write the input in UTF-8.',
    3,
    'UTF-8',
  ),
  hasNul: errorKind(
    'unreadable',
    (line: number) =>
      `line ${line} has a NUL byte; --encoding utf-16le reads UTF-16, and --text takes the lines as they are`,
    'Say the encoding, or `--text`.',
    1,
  ),
  largeNumber: errorKind(
    'unreadable',
    (line: number, token: string) =>
      `line ${line} has ${token}, which no number of JavaScript can hold; write it in quotes, or take the lines as text with --text`,
    'Do one of both.',
    2,
    '12345678901234567890',
  ),
  noLog: errorKind(
    'unreadable',
    () => 'its first line is not the head of a job log',
    'Name a log that `sleigh run --joblog` has written.',
  ),
  noLogRow: errorKind(
    'unreadable',
    (line: number) => `line ${line} is not a row of a job log`,
    'Name a log that `sleigh run --joblog` has written; delete the line if you have changed the file.',
    4,
  ),
} as const satisfies Catalogue;

/** Of `get`, `put`, `ls`, `watch` and `status`. */
export const TOOL = {
  noWorkspace: errorKind(
    'no-workspace',
    (name: string) => `there is no workspace "${name}"`,
    '`sleigh ls` shows which there are; `put --create` makes one.',
    'jobs',
  ),
  noVariable: errorKind(
    'no-variable',
    (variable: string, workspace: string) => `there is no variable "${variable}" in "${workspace}"`,
    '`sleigh ls WORKSPACE` shows which there are.',
    'x',
    'jobs',
  ),
  noValue: errorKind(
    'no-value',
    (variable: string, workspace: string) => `there is no value in "${variable}" of "${workspace}"`,
    'Wait for one: `get --wait`, or `watch`.',
    'x',
    'jobs',
  ),
  noJob: errorKind(
    'no-job',
    (name: string) => `"${name}" is not a job`,
    '`sleigh status` shows which there are.',
    'jobs',
  ),
  noJsonForm: errorKind(
    'no-json',
    (why: string) => `the value cannot be written as JSON: ${why}`,
    'Leave `--json` out.',
    '"when" is an invalid date',
  ),
  badJson: errorKind(
    'no-json',
    (why: string) => `the value is not valid JSON: ${why}`,
    'Leave `--json` out to store it as text.',
    'Unexpected end of JSON input',
  ),
  noRoom: errorKind(
    'no-room',
    (folder: string, why: string) => `the value cannot be kept in ${folder}: ${why}`,
    'Make room there, or name another folder in `TMPDIR`.',
    '/tmp',
    'no space is left on the device',
  ),
  binary: errorKind(
    'binary',
    (size: number) =>
      `the value is ${size} bytes that are no text, which a terminal would obey: write them to a file with >FILE, or use --json`,
    'Do one of both.',
    1_024,
  ),
  unsayable: errorKind(
    'no-json',
    (where: string, what: string) => `${where} is ${what}`,
    'Give what JSON can say: finite numbers, text, arrays, objects, valid dates.',
    '"mean"',
    'NaN',
  ),
  noInput: errorKind(
    'no-export',
    (path: string) => `"input" of ${path} is not iterable`,
    'Export an array, a generator, or a function that returns one, as `input`.',
    'job.mjs',
  ),
  neverLoaded: errorKind(
    'not-loaded',
    (path: string) => `cannot load ${path}: it waits for something that never happens, in a top-level await`,
    'Await it in the function, or see that it happens.',
    'job.mjs',
  ),
  exited: errorKind(
    'exited',
    (path: string, status: number) => `${path} has ended the run before its end, with exit status ${status}`,
    'Remove `process.exit` from the module, and from what it imports: it is loaded in the program that runs the job, too.',
    'job.mjs',
    0,
  ),
} as const satisfies Catalogue;

/** Of `serve`, `charts --trace` and `verify`: what cannot begin. Other reasons are in the errors of the server's start. */
export const START = {
  notListening: errorKind(
    'not-listening',
    (address: string, why: string) => `cannot listen on ${address}: ${why}`,
    'Choose another `--port` or `--host`, or stop what listens there.',
    '127.0.0.1:8765',
    'the port is in use',
  ),
  pageNotListening: errorKind(
    'not-listening',
    (address: string, why: string) => `cannot listen on ${address} for the web page: ${why}`,
    'Choose another `--web-port`, or `--no-web`.',
    '127.0.0.1:8766',
    'the port is in use',
  ),
  notBegun: errorKind(
    'not-begun',
    (why: string) => why,
    'Mend what the text names.',
    'a token has from 1 to 9999 bytes',
  ),
  ended: errorKind(
    'not-durable',
    (why: string) => why,
    'Make room on the disk of `--data`, or repair it, and start the server again.',
    'the data could not be made durable, and nothing that depends on it was sent: EIO: i/o error',
  ),
  linesFailed: errorKind(
    'lines-failed',
    (failed: number, done: number, line: number, stack: string) =>
      `${failed} of ${done} lines failed; the first was line ${line}: ${stack}`,
    'Mend what the first of them says; `--joblog FILE` lists all, and `--resume` runs those that failed again.',
    2,
    10,
    3,
    'TypeError: x is not a function',
  ),
  notVerified: errorKind(
    'unreachable',
    (address: string, why: string) => `cannot verify ${address}: ${why}`,
    'Check that the server runs and listens there.',
    '127.0.0.1:8765',
    'connect ECONNREFUSED',
  ),
} as const satisfies Catalogue;

/** All of them, by the part of the command line. */
export const CLI_ERRORS: Readonly<Record<string, Catalogue>> = {
  'The value of a flag': FLAG,
  'Flags together': USAGE,
  'Files, standard input and output': FILE,
  'Lines of an input or a log': LINE,
  'get, put, ls, watch, status': TOOL,
  'serve, charts, verify': START,
};
