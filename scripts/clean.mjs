// Removes what an earlier build left, so that a renamed module cannot linger.
import { rmSync } from 'node:fs';
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
