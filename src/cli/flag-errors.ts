import { errorKind, type Catalogue } from '../wire/error-kind.ts';

/** The errors of flags and arguments; the other errors of the command line are in errors.ts. */

/** A flag or an argument is wrong. The message begins with the flag and its value, as `option '--port <port>' argument 'x' is invalid.` */
export const FLAG = {
  portRange: errorKind(
    'usage',
    (most: number) => `It must be a whole number up to ${most}.`,
    'Give such a number.',
    65_535,
  ),
  wholeFrom1: errorKind('usage', () => 'It must be a whole number from 1.', 'Give such a number.'),
  seconds: errorKind('usage', () => 'It must be a number of seconds.', 'Give a number, as 0.5 or 30.'),
  secondsOver0: errorKind('usage', () => 'It must be a number of seconds over 0.', 'Give a number over 0.'),
  period: errorKind(
    'usage',
    () => 'It must be a number of seconds over 0, or with m, h or d behind it, as in 5m.',
    'Give such a period.',
  ),
  address: errorKind(
    'usage',
    () => 'It must be HOST:PORT.',
    'Give a host and a port, as ada:8765 or [::1]:8765.',
  ),
  addresses: errorKind(
    'usage',
    (part: string) =>
      `It must be HOST:PORT, or several with commas between them; "${part}" is not HOST:PORT.`,
    'Give a host and a port, as ada:8765 or [::1]:8765, or those of servers that share a store, as ada:8765,grace:8765.',
    'grace',
  ),
  basePath: errorKind(
    'usage',
    () => 'It must be a path that begins with a slash, such as /cluster.',
    'Give the path that the proxy has for the page.',
  ),
  limitName: errorKind(
    'usage',
    (name: string, names: string) => `There is no limit "${name}", only ${names}.`,
    'Use one of the names; the protocol explains them (P12).',
    'valueBits',
    'valueBytes, longValueBytes …',
  ),
  variable: errorKind('usage', () => 'It must be a name, or NAME=VALUE.', 'Give the name of a variable.'),
  variableUnset: errorKind(
    'usage',
    () => 'There is no such variable in the environment.',
    'Set it, or give NAME=VALUE.',
  ),
  restarts: errorKind(
    'usage',
    () => 'It must be two numbers, ENDS/SECONDS, as in 20/10.',
    'Give such a pair.',
  ),
  bytes: errorKind('usage', () => 'It must be a number of bytes, as in 512M.', 'Give such a number.'),
  halt: errorKind(
    'usage',
    () =>
      'It must be never, or now or soon with fail=N, success=N or done=N, as in now,fail=1 or soon,fail=10%.',
    'Give one of these.',
  ),
  unreadableFile: errorKind(
    'usage',
    (why: string) => `It cannot be read: ${why}.`,
    'Name a file that this user can read.',
    'there is no such file',
  ),
  noAddressInLine: errorKind(
    'usage',
    (line: number, path: string, why: string) => `line ${line} of ${path}: ${why}`,
    'Write one address, or range of addresses, in each line; `#` begins a comment.',
    3,
    'allowed.txt',
    '"ada" is no address, nor a range of them such as 10.0.0.0/8',
  ),
  noAddress: errorKind(
    'usage',
    (path: string) => `${path} contains no address`,
    'Write at least one address into it, or leave `--allow-file` out.',
    'allowed.txt',
  ),
} as const satisfies Catalogue;

/** Flags that are needed together, or contradict each other; what is missing. */
export const USAGE = {
  noJob: errorKind(
    'usage',
    () => 'which job? Name its workspace; "sleigh ls" shows them',
    'Name the workspace of the job.',
  ),
  badOrder: errorKind(
    'usage',
    (where: string) => `${where} is not a valid launch order`,
    'Pass on what the launcher was given, as it is, and use the same version on all hosts.',
    'SLEIGH_ORDER',
  ),
  certWithoutKey: errorKind(
    'usage',
    () => '--tls-cert and --tls-key are needed both, or neither',
    'Give both.',
  ),
  caWithoutCert: errorKind('usage', () => '--tls-ca needs --tls-cert and --tls-key', 'Give all three.'),
  traceAlone: errorKind(
    'usage',
    () => '--trace shows all charts, in a page: give no name, --format or --out',
    'Leave the others out.',
  ),
  formatOfWhat: errorKind(
    'usage',
    () => '--format needs the name of a chart, or --out FOLDER',
    'Name a chart; `sleigh charts` lists them.',
  ),
  verifyWhat: errorKind(
    'usage',
    () => 'verify needs a trace, or --server HOST:PORT, and not both',
    'Give one of them.',
  ),
  historyOfWhat: errorKind(
    'usage',
    () => '--history needs a file, or --server HOST:PORT, or both',
    'Give a history to check, or a server to make load on.',
  ),
  historyAndTrace: errorKind(
    'usage',
    () => 'verify takes a trace or --history, and not both',
    'Give one of them.',
  ),
  nameWithoutServer: errorKind(
    'usage',
    () => '--name needs a server that outlives this command',
    'Name one with `--server`, or leave `--name` out.',
  ),
  nameWithRetries: errorKind(
    'usage',
    () => '--name is for elastic jobs whose lines are called once: leave out --retries and --join closing',
    'Leave out `--retries` and `--join closing`, or leave out `--name`.',
  ),
  resumeWithoutLog: errorKind(
    'usage',
    () => '--resume needs --joblog FILE, the log of the run that is to go on',
    'Name the log of that run.',
  ),
  webOfOtherServer: errorKind(
    'usage',
    () => '--web is for a run with a server of its own; the page of another server is where that says',
    'Leave `--web` out, or `--server`.',
  ),
  hostWithLaunch: errorKind(
    'not-launched',
    (launch: string) => `--launch ${launch} is for this host, and --host for others`,
    'Leave one of them out.',
    'threads',
  ),
  pythonThreads: errorKind(
    'not-launched',
    (task: string) => `${task} is a function of Python, whose workers are processes, not threads`,
    'Leave `--launch` out.',
    'math:factorial',
  ),
  otherCommand: errorKind(
    'usage',
    (line: number, command: string) => `line ${line} of the input is not the one of the log: "${command}"`,
    'Resume a run with the same input, or begin another log.',
    3,
    'job.mjs third',
  ),
  otherModule: errorKind(
    'usage',
    (line: number, module: string) => `line ${line} of the input is not the one of the log of ${module}`,
    'Resume a run with the same module, or begin another log.',
    3,
    'job.mjs',
  ),
} as const satisfies Catalogue;
