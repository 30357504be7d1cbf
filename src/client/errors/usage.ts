import { errorKind, type Catalogue, type ErrorKind } from '../../wire/error-kind.ts';

/** TypeError and RangeError: what a program gave is not what is needed. Nothing has been started then. */
export const USAGE = {
  noOptions: errorKind(
    'usage',
    (of: string, value: string) => `The options of ${of} must be an object, got ${value}.`,
    'Give an object, or leave the options out.',
    'Sleigh.start',
    '4',
  ),
  unknownOption: errorKind(
    'usage',
    (of: string, name: string, hint: string) => `${of} has no option \`${name}\`. ${hint}`,
    'Use one of the options that the message names.',
    'Sleigh.start',
    'worker',
    'Do you mean `workers`?',
  ),
  badOption: errorKind(
    'usage',
    (name: string, wanted: string, value: string) => `\`${name}\` must be ${wanted}, got ${value}.`,
    'Give such a value.',
    'workers',
    'a whole number of at least 1',
    '-2',
  ),
  badDuration: errorKind(
    'usage',
    (name: string, unit: string, value: string) => `\`${name}\` must be a number of ${unit}, got ${value}.`,
    'Give a number.',
    'timeout',
    'milliseconds',
    '"1s"',
  ),
  negativeDuration: errorKind(
    'usage',
    (name: string, unit: string, value: number) =>
      `\`${name}\` must be a number of ${unit} of at least 0, or Infinity for no limit, got ${value}.`,
    'Give a number of at least 0, or Infinity.',
    'timeout',
    'milliseconds',
    -1,
  ),
  capacityOfFifo: errorKind(
    'usage',
    (mode: string) => `\`capacity\` needs the mode "fifo", got ${mode}.`,
    "Declare the variable as a fifo: `declare(name, 'fifo', { capacity })`.",
    'lifo',
  ),
  waitNeeded: errorKind(
    'usage',
    (name: string) => `\`${name}\` of store ends a wait, and needs \`wait: true\`.`,
    'Give `wait: true`, or leave it out: a store that does not wait is answered at once.',
    'timeout',
  ),
  badModule: errorKind(
    'usage',
    (value: string) =>
      `\`module\` must be a path or a file: URL, got ${value}. Modules are loaded where the workers are, from files.`,
    'Give the URL of a file: `new URL("./tasks.mjs", import.meta.url)`.',
    'https://example.org/tasks.mjs',
  ),
  badPythonFunction: errorKind(
    'usage',
    (value: string) => `A function of Python is named as module:function, got ${value}.`,
    "Give its module and its name: `tasks.python('package.module:function')`.",
    'factorial',
  ),
  groupCloses: errorKind(
    'usage',
    () => "no workers can be added to a group that closes: start it with join: 'elastic'",
    "Start the sleigh with `join: 'elastic'`.",
  ),
  nameNeedsElastic: errorKind(
    'usage',
    () => "a batch with a name needs an elastic group: start the sleigh with a name, or with join: 'elastic'",
    "Leave `name` out of the options of `eachElem`, or start the sleigh with a `name` or with `join: 'elastic'`.",
  ),
  transferOnce: errorKind(
    'usage',
    () => '`transfer` excludes `retry` and `name`: an element whose memory was moved can be called once',
    'Leave one of them out.',
  ),
  badTransfer: errorKind(
    'usage',
    () => '`transfer` must return an array of ArrayBuffers',
    'Return the `buffer` of each array that is moved.',
  ),
  nameNeedsServer: errorKind(
    'usage',
    () => 'a sleigh with a name needs a server: a private server ends with its program',
    'Give the option `server`, or leave `name` out.',
  ),
  nameIsElastic: errorKind(
    'usage',
    () => "a sleigh with a name has an elastic group, so join cannot be 'closing'",
    'Leave `join` out, or leave `name` out.',
  ),
  reachNeedsElastic: errorKind(
    'usage',
    () => "reach is for an elastic group: start the sleigh with join: 'elastic'",
    "Leave `reach` out, or start the sleigh with `join: 'elastic'`.",
  ),
  resultsTaken: errorKind(
    'usage',
    () => 'the results of this batch have been taken already',
    'Await the batch, or iterate over it, once; keep the array that you get.',
  ),
  noStages: errorKind('usage', () => 'a pipeline needs at least one stage', 'Give it a function: `[task]`.'),
  notScattered: errorKind(
    'usage',
    () => 'the scattered value was freed, or belongs to another job',
    'Free it after its last batch has begun; scatter it for each job.',
  ),
  barrierLeft: errorKind(
    'usage',
    (name: string) => `"${name}" was left meanwhile`,
    'Do not call `leave` while `wait` is under way, or take its rejection as the end.',
    'gate',
  ),
  streamTooLong: errorKind(
    'usage',
    (size: number) => `the stream has more than the ${size} bytes that were announced`,
    'Give the exact number of bytes as `size`.',
    1_024,
  ),
  streamTooShort: errorKind(
    'usage',
    (left: number, size: number) => `the stream ended ${left} bytes before the announced ${size}`,
    'Give the exact number of bytes as `size`.',
    24,
    1_024,
  ),
  badOrder: errorKind(
    'usage',
    () => 'not a valid launch order',
    'Pass on to `sleigh worker` what `Launcher.start` was given, as it is, and use the same version on all hosts.',
  ),
  leaseOver: errorKind(
    'usage',
    () => 'the lease has ended already, by `done` or `back`',
    'Call one of them once.',
  ),
  leaseElapsed: errorKind(
    'usage',
    (milliseconds: number) => `the lease has elapsed after ${milliseconds} ms, and the value has returned`,
    'Extend the lease in time, or take values for longer.',
    10_000,
  ),
  abortedWithoutReason: errorKind(
    'usage',
    () => 'aborted without a reason',
    'Give `abort` a reason, or take this one as such.',
  ),
} as const satisfies Catalogue;

/** Says why, of the part of a value that the path names. */
const unsendable = <const Facts extends readonly string[]>(
  why: (...facts: Facts) => string,
  remedy: string,
  ...example: NoInfer<Facts>
): ErrorKind<[path: string, ...Facts], 'usage'> =>
  errorKind(
    'usage',
    (path: string, ...facts: Facts) => `\`${path}\` cannot be sent: ${why(...facts)}`,
    remedy,
    'element.items[3].done',
    ...example,
  );

/** TypeError: a value, or a part of it, has no form on the wire (C2). The path names the part. */
export const VALUE = {
  promise: unsendable(() => 'it is a promise. Await it first.', 'Await it first.'),
  generator: unsendable(
    () => 'it is a generator. Make an array of what it gives.',
    'Make an array of what it gives.',
  ),
  stream: unsendable(
    () => 'it is a stream. Read it, and send what it gives.',
    'Read it, and send what it gives.',
  ),
  noFields: unsendable(
    (what: string) =>
      `it is ${what}, which has no fields to send. Give it a method toJSON, or send what it holds.`,
    'Give its class a method `toJSON`, or send what it holds.',
    'an instance of Socket',
  ),
  symbol: unsendable((symbol: string) => `it is a symbol, ${symbol}.`, 'Send a text.', 'Symbol(done)'),
  aFunction: unsendable(
    (name: string) => `it is a function${name}. Functions are named by tasks(), not sent.`,
    'Export the function from the module of the tasks.',
    ', done',
  ),
  tooLarge: unsendable(
    (why: string) => `it is too large: ${why}.`,
    'Send it in parts, or as a stream (`storeStream`).',
    'RangeError: Invalid string length',
  ),
  tooManyParts: unsendable(() => 'it has too many parts.', 'Send it in parts.'),
  sharedMemory: unsendable(
    () =>
      'it is shared memory, which only threads of the same process have. Start the workers with `threads()`, or send a ' +
      'copy: `.slice()` of an array.',
    'Start the workers with `threads()`, or send a copy.',
  ),
  tooLargeForError: unsendable(
    () => 'it is too large for an error.',
    'Put less into the properties of errors.',
  ),
  errorTooLarge: unsendable(() => 'the error has too many parts.', 'Put less into the properties of errors.'),
  throwing: unsendable(
    (error: string) => `reading it throws ${error}.`,
    'Mend its getter, its `toJSON`, or the proxy.',
    'Error: not open',
  ),
} as const satisfies Catalogue;

/** RangeError and TypeError: bytes that came are no value of this library (C2, C5). They are the end of the text `unreadable`. */
export const BYTES = {
  cutOff: errorKind('unreadable', () => 'it is cut off', 'Check the program that stored it.'),
  noChunk: errorKind('unreadable', () => 'the bytes are not a chunk', 'Check the program that stored it.'),
  wrongLength: errorKind(
    'unreadable',
    (length: number, said: number) => `it has ${length} bytes where it says ${said}`,
    'Check the program that stored it.',
    100,
    120,
  ),
  unknownPart: errorKind(
    'unreadable',
    (kind: string) => `it has a part of an unknown kind, ${kind}`,
    'Use the same version of this library on all hosts.',
    'Matrix',
  ),
  unknownValue: errorKind(
    'unreadable',
    (kind: string) => `it has a value of an unknown kind, ${kind}`,
    'Use the same version of this library on all hosts.',
    'matrix',
  ),
  partMissing: errorKind(
    'unreadable',
    (id: number) => `its part ${id} is missing`,
    'Check the program that stored it.',
    7,
  ),
  bytesMissing: errorKind(
    'unreadable',
    (id: number) => `its bytes ${id} are missing`,
    'Check the program that stored it.',
    2,
  ),
  unknownView: errorKind(
    'unreadable',
    (name: string, version: string) => `it has a ${name}, which Node ${version} lacks`,
    'Use a newer Node here, or store another type of array.',
    'Float16Array',
    'v20.19.0',
  ),
} as const satisfies Catalogue;
