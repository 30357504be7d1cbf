import { readFile } from 'node:fs/promises';

/** @returns the lines of a file that match the pattern, with their numbers */
export async function search(file, { fixedArgs: { pattern } }) {
  const expression = new RegExp(pattern, 'u');
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .map((line, i) => ({ number: i + 1, line }))
    .filter(({ line }) => expression.test(line));
}
