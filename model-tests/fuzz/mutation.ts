import type { Random } from '../world/random.ts';
import type { Frame } from './conversation.ts';

/** Replacements for a count of 4 digits or a length of 20 digits. */
const WILD = [
  0,
  1,
  2,
  5,
  9,
  10,
  16,
  17,
  300,
  301,
  9_998,
  9_999,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  10 ** 19,
] as const;
const NO_NUMBERS = ['    ', '-001', '+001', '0x10', '1e03', 'zzzz', ' 1 1', '\x00\x00\x00\x01'] as const;

type Change = (frames: Frame[], random: Random) => Frame[];

const at = (random: Random, { length }: { length: number }): number =>
  random.whole(0, Math.max(length - 1, 0));

/** Replaces one frame by others. */
const inOne =
  (change: (frame: Frame, random: Random) => Frame): Change =>
  (frames, random) => {
    const n = at(random, frames);
    return frames.with(n, change(frames[n] ?? '', random));
  };

const splice = (frame: Frame, from: number, to: number, instead: string): Frame =>
  frame.slice(0, from) + instead + frame.slice(to);

/** Any bytes at all. */
export const noise = (random: Random, most: number): string =>
  String.fromCharCode(...Array.from({ length: random.whole(1, most) }, () => random.whole(0, 255)));

/** A field of digits, by its offset in the frame and its width. */
function fieldIn(frame: Frame, random: Random): { from: number; width: number } | undefined {
  const fields = [...frame.matchAll(/\d{20}|\d{4}/g)];
  const field = fields[at(random, fields)];
  return field && { from: field.index, width: field[0].length };
}

const wildNumber = inOne((frame, random) => {
  const field = fieldIn(frame, random);
  if (field === undefined) return frame;
  const { from, width } = field;
  const number = random.chance(0.8)
    ? BigInt(random.pick(...WILD)).toString()
    : random.pick<string>(...NO_NUMBERS);
  return splice(frame, from, from + width, number.padStart(width, random.pick('0', ' ')).slice(-width));
});

const offByOne = inOne((frame, random) => {
  const field = fieldIn(frame, random);
  if (field === undefined) return frame;
  const { from, width } = field;
  const number = Number(frame.slice(from, from + width)) + random.pick(-1, 1);
  return splice(frame, from, from + width, String(Math.max(number, 0)).padStart(width, '0'));
});

const CHANGES: readonly Change[] = [
  wildNumber,
  wildNumber,
  offByOne,
  // One byte is changed.
  inOne((frame, random) => {
    const n = at(random, frame);
    return splice(frame, n, n + 1, noise(random, 1));
  }),
  // Bytes are missing.
  inOne((frame, random) => {
    const n = at(random, frame);
    return splice(frame, n, n + random.whole(1, 30), '');
  }),
  // Bytes are too many.
  inOne((frame, random) => {
    const n = at(random, frame);
    return splice(frame, n, n, noise(random, 30));
  }),
  // It ends half way.
  (frames, random) => {
    const n = at(random, frames);
    const last = frames[n] ?? '';
    return [...frames.slice(0, n), last.slice(0, at(random, last))];
  },
  // A frame is repeated, or moved.
  (frames, random) => frames.toSpliced(at(random, frames), 0, frames[at(random, frames)] ?? ''),
  (frames, random) => {
    const n = at(random, frames);
    return frames.toSpliced(n, 1).toSpliced(at(random, frames), 0, frames[n] ?? '');
  },
  // A greeting in the wrong place.
  (frames, random) =>
    frames.toSpliced(at(random, frames), 0, random.pick('X000', 'R0000000', '0000', '1111', '2222')),
  // A dictionary that announces more than it contains.
  inOne((frame, random) => `${String(random.whole(0, 9_999)).padStart(4, '0')}0003abc${frame}`),
  // More arguments than any request has.
  inOne((frame, random) => `00000099${'00000000000000000001a'.repeat(random.whole(50, 99))}${frame}`),
  // Only noise from here on.
  (frames, random) => [...frames.slice(0, at(random, frames)), noise(random, 400)],
];

/** The conversation with one change, or a few. */
export function mutated(frames: Frame[], random: Random): Frame[] {
  let changed = frames;
  for (let n = random.pick(1, 1, 1, 2, 5); n > 0; n--)
    changed = random.pick(wildNumber, ...CHANGES)(changed, random);
  return changed;
}
