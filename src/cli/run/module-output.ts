import { Console } from 'node:console';

/**
 * Sends what modules print in this process to another stream: by `console`, and by `process.stdout` itself. Results are
 * written past it, by `print`.
 * @returns what undoes that
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
