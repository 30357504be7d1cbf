// Functions whose arguments come from elsewhere, with their types in dataflow.d.mts.
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const seen = new Map();

/** Notes each object that comes as fixed arguments. */
export function times(n, { fixedArgs }) {
  const { factor } = fixedArgs;
  seen.set(factor, (seen.get(factor) ?? new Set()).add(fixedArgs));
  return n * factor;
}

/** The number of different objects with that factor. */
export const copiesOf = (factor) => seen.get(factor)?.size ?? 0;

export async function slowly(n, context) {
  await sleep(100);
  return times(n, context);
}

export const add = (n) => n + 1;
export const text = String;

export function fail() {
  throw new Error('never');
}

/** A value of that many bytes. */
export const block = ({ bytes, byte }) => new Uint8Array(bytes).fill(byte);
export const lengthOf = ({ length }) => length;
export const copy = (bytes) => bytes.slice();

/** Takes its time for all but the shortest block. */
export async function lengthLater({ length }) {
  if (length > 100_000) await sleep(200);
  return length;
}
/** Fails for all but the shortest block, after a while. */
export async function failSecond({ length }) {
  if ((await lengthLater({ length })) > 100_000) throw new Error('too long');
  return length;
}
const sumOf = (bytes) => bytes.reduce((sum, byte) => sum + byte, 0);

/** Fails once. */
export function blockFlaky({ bytes, file }) {
  if (!existsSync(file)) {
    writeFileSync(file, '');
    throw new Error('not yet');
  }
  return block({ bytes, byte: 2 });
}

/** Ends its worker once. */
export function sumAfterDeath(bytes, { fixedArgs: file }) {
  if (existsSync(file)) return sumOf(bytes);
  writeFileSync(file, '');
  return process.exit(3);
}

export function isCalled(_value, { fixedArgs: file }) {
  writeFileSync(file, '');
}

export function sumInSecondCall(bytes, { attempt }) {
  if (attempt === 1) throw new Error('not yet');
  return sumOf(bytes);
}

/** Adds one to each byte of shared memory, and waits until that many others have done so. */
export const count = (memory) => Atomics.add(new Int32Array(memory), 0, 1);
/** Adds one to the shared counter of its fixed arguments. */
export const countIn = (_n, { fixedArgs }) => Atomics.add(fixedArgs.counter, fixedArgs.at, 1);
/** How an object with memory has arrived. */
export const shapeOf = ({ all, part, view, text }) => ({
  isShared: all instanceof SharedArrayBuffer,
  isSame: part.buffer === all && view.buffer === all,
  part: [part.constructor.name, part.byteOffset, part.length],
  view: [view.constructor.name, view.byteOffset, view.byteLength],
  first: part[0],
  text,
});
/** Returns the bytes of memory that was moved, and ends its worker at the first call if it is told to. */
export function firstByte({ bytes, file }) {
  if (file !== undefined && !existsSync(file)) {
    writeFileSync(file, '');
    process.exit(3);
  }
  return bytes[0];
}
