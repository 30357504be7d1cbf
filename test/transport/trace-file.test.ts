import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TraceStep } from '../../src/trace/step.ts';
import { TraceFile } from '../../src/transport/trace-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-trace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the file of a trace', () => {
  it('has each step once, after each event', () => {
    const path = join(folder, 'trace');
    const file = new TraceFile(path);
    const steps: TraceStep[] = [];
    for (const actor of ['a', 'b', 'c']) {
      const step: TraceStep = {
        time: 0,
        scope: 's',
        actor,
        chart: 'c',
        event: { type: 'e' },
        before: '',
        after: 'a',
        clause: '',
      };
      steps.push(step);
      file.write(step);
      file.flush();
      file.flush();
      expect(readFileSync(path, 'utf8')).toBe(steps.map((each) => `${JSON.stringify(each)}\n`).join(''));
    }
    file.close();
  });

  it('is refused where none can be written', () => {
    const path = join(folder, 'none', 'trace');
    expect(() => new TraceFile(path)).toThrow(
      expect.objectContaining({ code: 'no-trace', cause: expect.objectContaining({ code: 'ENOENT' }) }),
    );
  });
});
