// The compiler does not set file modes, and `npx sleigh` runs the command as a program.
import { chmodSync } from 'node:fs';
chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
