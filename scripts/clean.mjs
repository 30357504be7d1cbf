// Removes the output of an earlier build, so that no renamed module remains.
import { rmSync } from 'node:fs';
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
