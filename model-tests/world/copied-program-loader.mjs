// The program that Node was started with is the one of the same path in the copy. What it imports is beside it there.
import { pathToFileURL } from 'node:url';

let copy;

export function initialize(folder) {
  copy = pathToFileURL(`${folder}/`);
}

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const [, program] = /\/(dist\/[^?]*)$/.exec(found.url) ?? [];
  const isMain = context.parentURL === undefined && program !== undefined;
  return isMain ? { ...found, url: new URL(program, copy).href } : found;
}
