// Lets `npx sleigh` find the command of a checkout: npm links the commands of dependencies, and not a package's own.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const command = here('../dist/cli/main.js');
const link = here('../node_modules/.bin/sleigh');

chmodSync(command, 0o755);
mkdirSync(here('../node_modules/.bin'), { recursive: true });
rmSync(link, { force: true });
symlinkSync(command, link);
