import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/transport/logger.ts';

describe('the log of a server', () => {
  it('goes to standard error, and holds a mebibyte while that cannot be written', () => {
    const output: unknown = Reflect.get(createLogger('info'), pino.symbols.streamSym);
    expect(output).toMatchObject({ fd: 2, maxLength: 2 ** 20 });
  });

  it('that cannot be written neither stops the server nor delays its end', () => {
    const output: unknown = Reflect.get(createLogger('info'), pino.symbols.streamSym);
    if (!(output instanceof EventEmitter)) throw new Error('it has no output');
    let flushed = 0;
    Reflect.set(output, 'flushSync', () => flushed++);
    output.emit('error', new Error('EPIPE'));
    const flush: unknown = Reflect.get(output, 'flushSync');
    if (typeof flush === 'function') Reflect.apply(flush, output, []);
    expect(flushed).toBe(0);
  });
});
