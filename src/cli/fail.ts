/** Ends the command with one clear line. */
export function fail(message: string): never {
  process.stderr.write(`sleigh: ${message}\n`);
  process.exit(1);
}
