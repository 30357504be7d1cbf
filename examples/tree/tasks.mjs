// Queens that do not attack each other, placed row by row: a task is the columns of the queens placed so far.
import { NetWorkSpace } from 'sleigh/client';

/** From this row on a task completes the board by itself. */
const ALONE = 3;

/** The bag, opened once by each worker. */
let bag;

/**
 * Adds a task for each way to place the next queen to the bag, or counts all ways to place the others.
 * @returns how many tasks it added, and how many solutions it found
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

/** The columns where the next queen can stand. */
function columns(queens, size) {
  const isFree = (column) =>
    queens.every((other, row) => other !== column && Math.abs(other - column) !== queens.length - row);
  return Array.from({ length: size }, (_, column) => column).filter(isFree);
}
