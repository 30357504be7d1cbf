#!/usr/bin/env node
/** Loads the rest of the program, so that a failure to load it is reported in one line, too. */
try {
  const { main } = await import('./commands.ts');
  await main();
} catch (error) {
  const isShort =
    error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
  const why = isShort
    ? 'there are too few file descriptors; "ulimit -n" shows and raises how many a process may have'
    : error instanceof Error
      ? error.stack
      : String(error);
  process.stderr.write(`sleigh: ${why}\n`);
  process.exit(1);
}
