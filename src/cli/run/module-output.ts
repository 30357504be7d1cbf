import { Console } from 'node:console';

/**
 * Redirects what modules print in this process, by `console` or `process.stdout`, to another stream. `print` still
 * writes results to standard output.
 * @returns a function that restores the original state
 */
export function modulesPrintBeside(stream: NodeJS.WriteStream): () => void {
  const { console, process } = globalThis;
  const write = process.stdout.write.bind(process.stdout);
  globalThis.console = new Console(stream, stream);
  process.stdout.write = stream.write.bind(stream);
  return () => {
    globalThis.console = console;
    process.stdout.write = write;
  };
}
