import { fileURLToPath } from 'node:url';
import { PACKAGE_FOLDER } from '../package-file.ts';

/** Where the modules of this package are. In a bundle its frames cannot be distinguished from those of the program. */
const OWN =
  PACKAGE_FOLDER === undefined
    ? []
    : [PACKAGE_FOLDER.href, fileURLToPath(PACKAGE_FOLDER)].flatMap((root) => [`${root}dist/`, `${root}src/`]);
const FRAME = /^\s+at /;

const isOfOthers = (line: string): boolean =>
  !FRAME.test(line) || !(line.includes('node:internal/') || OWN.some((root) => line.includes(root)));

/** @returns a stack without the frames of this package and of Node */
export const userStack = (stack: string): string => stack.split('\n').filter(isOfOthers).join('\n');

/** @returns the lines of a stack that are frames, each after a newline; too few if the message contains similar lines */
export function framesOf(stack: string): string {
  const lines = stack.split('\n');
  const last = lines.findLastIndex((line) => !FRAME.test(line));
  return lines
    .slice(last + 1)
    .map((line) => `\n${line}`)
    .join('');
}

/** @returns where a program has called this package, as lines of a stack */
export const callSite = (): string => lazyCallSite()();

/** As `callSite`, for frequent calls: the lines are made when they are needed. */
export function lazyCallSite(): () => string {
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, lazyCallSite);
  return () => framesOf(userStack(here.stack ?? ''));
}
