// Queens on a board, none of which may take another, row by row: a task is the columns of the queens that stand.
import { NetWorkSpace } from 'sleigh/client';

/** Rows from which on a task goes to the end by itself. */
const ALONE = 3;

/** The bag, opened once by each worker. */
let bag;

/**
 * Puts a task for each way to place the next queen into the bag, or counts all ways to place the others.
 * @returns how many tasks it has put there, and how many solutions it found
 */
export async function place(queens, { fixedArgs: { size }, workspace, server }) {
  if (queens.length >= ALONE) return { tasks: 0, solutions: count(queens, size) };
  bag ??= (await NetWorkSpace.use(workspace, server)).variable('bag');
  const next = columns(queens, size).map((column) => queens.concat(column));
  for (const each of next) await (await bag).store(each);
  return { tasks: next.length, solutions: 0 };
}

function count(queens, size) {
  if (queens.length === size) return 1;
  return columns(queens, size).reduce((sum, column) => sum + count([...queens, column], size), 0);
}

/** Where the next queen can stand. */
function columns(queens, size) {
  const isFree = (column) =>
    queens.every((other, row) => other !== column && Math.abs(other - column) !== queens.length - row);
  return Array.from({ length: size }, (_, column) => column).filter(isFree);
}
