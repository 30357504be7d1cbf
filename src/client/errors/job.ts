import { errorKind, type Catalogue } from '../../wire/error-kind.ts';

/** SleighError: the job has ended, and a batch of it has not. */
export const SLEIGH = {
  noWorkers: errorKind(
    'no-workers',
    (why: string) => `no worker can be had any more: ${why}`,
    'See why they ended: `onDeath`, the standard error of the workers, `sleigh status`.',
    'their sentinel has ended: signal SIGKILL',
  ),
  ended: errorKind(
    'over',
    () => 'no worker is left, or someone has ended the job',
    "Start with `onDeadWorker: 'requeue'`, so that a job outlives its workers; look for who stored `Sleigh ride over`.",
  ),
  isOver: errorKind('over', () => 'the job is over', 'Start another one.'),
  stopped: errorKind('stopped', () => 'the job was stopped', 'Await all batches before `stop`.'),
  cancelledOnPage: errorKind(
    'stopped',
    () => 'someone has cancelled the batch on the page of the server',
    'Look for who did, in the audit log of the server.',
  ),
  cancelledBefore: errorKind(
    'stopped',
    (name: string, variable: string) =>
      `the batch "${name}" was cancelled on the page of the server, as the variable "${variable}" of the job says`,
    'Give the batch another name, or fetch the value of that variable, and its elements are called.',
    'frames',
    '#cancelled frames',
  ),
  poolClosed: errorKind('stopped', () => 'the pool was closed', 'Make no calls after `close`.'),
  left: errorKind(
    'stopped',
    () => 'its results are not read any more',
    'Iterate to the end; `break` cancels the remaining elements.',
  ),
} as const satisfies Catalogue;

/** LaunchError: the workers, or the private server, could not be started. */
export const LAUNCH = {
  workersNotStarted: errorKind(
    'not-launched',
    (why: string) => `the workers cannot be started: ${why}`,
    'The end of the message is what whoever was to start them said.',
    'spawn ssh ENOENT',
  ),
  serverNotStarted: errorKind(
    'not-launched',
    (why: string) => `the server of this job cannot be started: ${why}`,
    'The end of the message is what the server said.',
    'it ended without a word',
  ),
  stopped: errorKind(
    'not-launched',
    () => 'the job was stopped while workers were started',
    'Await `launch` before `stop`.',
  ),
  hostsNeedLauncher: errorKind(
    'not-launched',
    () => '`hosts` needs a launcher that reaches them; set `launch`',
    'Give `launch: ssh()`, or leave `hosts` out.',
  ),
  pythonConcurrency: errorKind(
    'not-launched',
    () => 'workers in Python have one call under way; `concurrency` is for workers in JavaScript',
    'Leave `concurrency` out, and start more workers.',
  ),
  sshNeedsHosts: errorKind('not-launched', () => 'ssh needs `hosts`', "Give `hosts: ['ada', 'grace']`."),
  noHost: errorKind(
    'not-launched',
    (host: string) => `"${host}" is not a host name`,
    'Name a host as ssh knows it.',
    '-v',
  ),
} as const satisfies Catalogue;

/** ModuleError: the module of a task, or of a run, is of no use. */
export const MODULE = {
  missing: errorKind(
    'not-loaded',
    (path: string) => `cannot load ${path}: there is no such file`,
    'Check the path; on other hosts the file must be at the same place.',
    '/home/ada/tasks.mjs',
  ),
  noTypeScript: errorKind(
    'not-loaded',
    (path: string, version: string) =>
      `cannot load ${path}: Node ${version} does not load TypeScript. Use Node 22.18 or newer, compile it, or start the ` +
      'program with a loader, which its workers inherit: node --import tsx …',
    'Do one of what the message names.',
    '/home/ada/tasks.ts',
    'v20.19.0',
  ),
  broken: errorKind(
    'not-loaded',
    (path: string, what: string) => `cannot load ${path}: ${what} ("node ${path}" shows where)`,
    'Run the command that the message names.',
    '/home/ada/tasks.mjs',
    'SyntaxError: Unexpected end of input',
  ),
  tooSlow: errorKind(
    'not-loaded',
    (path: string, seconds: number) => `cannot load ${path}: it takes longer than ${seconds} seconds`,
    'Do what takes long in the function, not while the module is loaded.',
    '/home/ada/tasks.mjs',
    60,
  ),
  otherLanguage: errorKind(
    'not-loaded',
    (path: string, language: string) =>
      `cannot load ${path}: it is a module of ${language}, and this worker runs JavaScript`,
    'Start workers of that language: `launch: pythonWorkers()`.',
    'math',
    'python',
  ),
  noExport: errorKind(
    'no-export',
    (path: string, what: string, others: string) => `${path} does not export ${what}. ${others}.`,
    'Export such a function, or name one of those that the message lists.',
    '/home/ada/tasks.mjs',
    'a function "square"',
    'It exports cube',
  ),
} as const satisfies Catalogue;

/** TaskError: one element failed. The message of the error begins with `element N: `. */
export const TASK = {
  threw: errorKind(
    'threw',
    (message: string) => message,
    'The `cause` is what the function threw, and `stack` says where.',
    'TypeError: x is not a function',
  ),
  noModule: errorKind(
    'threw',
    () => 'the task names no module (C4)',
    'Tasks for workers of this library are stored by this library.',
  ),
  resultRefused: errorKind(
    'threw',
    (bytes: number, why: string) => `its result of ${bytes} bytes was not taken: ${why}`,
    'Return less, or store large values in a variable of their own; see the refusal at the end.',
    1_000_000,
    'NwsError: store was refused: Refused: …',
  ),
  thrownNotSent: errorKind(
    'threw',
    (message: string, why: string) => `${message} (what was thrown cannot be sent: ${why})`,
    'Throw errors whose properties are plain data.',
    'Error: no',
    'NwsError: store was refused: Refused: …',
  ),
  timedOut: errorKind(
    'timed-out',
    (milliseconds: number) => `the task took longer than ${milliseconds} ms`,
    'Give it more `timeout`, or heed its signal.',
    500,
  ),
  killedLate: errorKind(
    'timed-out',
    () => 'it took longer than its timeout, and its worker was ended',
    'Give it more `timeout`, or heed its signal: then its worker stays.',
  ),
  cancelled: errorKind(
    'cancelled',
    () => 'the batch was cancelled',
    'Look for who aborted its signal, or left it.',
  ),
  killedCancelled: errorKind(
    'cancelled',
    () => 'the batch was cancelled, and its worker was ended',
    'Look for who aborted its signal, or left it.',
  ),
  notSent: errorKind(
    'not-sent',
    (why: string) => why,
    'Send plain data, within the limits of the server.',
    'TypeError: `element` cannot be sent: it is a promise. Await it first.',
  ),
  unreadable: errorKind(
    'unreadable',
    (length: number, why: string) => `its ${length} bytes cannot be decoded: ${why}`,
    'Use the same version of this library on all hosts.',
    12,
    'RangeError: it is cut off',
  ),
  elementGone: errorKind(
    'unreadable',
    (variable: string) => `its element is not at the server any more, in the variable "${variable}"`,
    'Look for who deleted the variable.',
    '#left master 1',
  ),
  memoryElsewhere: errorKind(
    'unreadable',
    () => 'it has memory that threads of the process of its master share, and its worker is not one of them',
    'Start all workers of the job with `threads()`, or send a copy: `.slice()` of an array.',
  ),
  memoryGone: errorKind(
    'unreadable',
    () => 'its memory was moved to a worker that has ended meanwhile, and cannot be had again',
    'Leave `transfer` out, so that each attempt gets a copy; or share the memory.',
  ),
  dropped: errorKind(
    'unreadable',
    (bytes: number) =>
      `its value of ${bytes} bytes stayed at the server for other calls, and was dropped after them`,
    'Await the promise when the call is made, or hold fewer of such promises.',
    10_000_000,
  ),
  notLoaded: errorKind(
    'not-loaded',
    () => 'no worker can load its module',
    'See the standard error of the workers.',
  ),
  workerDied: errorKind(
    'worker-died',
    (tries: string, end: string) => `given up after ${tries}: its worker ended${end}`,
    'This element ends its worker: try it alone. `exitStatus`, `signal` and `lastWords` say how.',
    '3 attempts',
    ' (signal SIGSEGV)',
  ),
} as const satisfies Catalogue;

/** What a worker or a sentinel says on its standard error before it ends. */
export const PROCESS = {
  mayNotReturn: errorKind(
    'not-back',
    (why: string) => `it lost its connection, and may not come back: ${why}`,
    'Its place was given to another, or the job has ended: the end of the message says which.',
    'store was refused: Worker registration failed: the worker of rank 0 is dead.',
  ),
  notBackInTime: errorKind(
    'not-back',
    (seconds: number, why: string) =>
      `it lost its connection, and could not come back within ${seconds} seconds: ${why}`,
    'Check the network, or give the job more `reconnectGrace`.',
    30,
    'ada:8765 cannot be reached (EHOSTUNREACH)',
  ),
  groupFull: errorKind(
    'group-full',
    (workspace: string) => `${workspace} accepts no more workers`,
    'The group has closed, or has all its workers: start another job, or an elastic one.',
    'render',
  ),
  noJob: errorKind(
    'no-job',
    (workspace: string) => `"${workspace}" is a plain workspace, and not a job`,
    'Name a job: `sleigh status` shows which there are. A job needs a name that no other workspace has.',
    'shop',
  ),
  noFolder: errorKind(
    'no-folder',
    (folder: string, why: string) => `cannot enter the folder ${folder}: ${why}`,
    'Name a folder that is there on every host (`cwd`); threads have none of their own.',
    '/home/ada/data',
    'ENOENT: no such file or directory',
  ),
  noPackageFile: errorKind(
    'no-package-file',
    (file: string, from: string) =>
      `${file} of the package sleigh is not to be found from ${from}. Where a program is bundled, mark sleigh as external ` +
      `(esbuild: --external:sleigh; rollup, rolldown and vite: external: ['sleigh']) and install it beside the bundle.`,
    'Do what the message says.',
    'dist/client/worker/worker-program.js',
    'file:///app/bundle.js',
  ),
} as const satisfies Catalogue;
