// Loaded before a server: changes one expression of one of its files, so that it is broken on purpose.
import { register } from 'node:module';

const { MUTANT = '' } = process.env;
register('./mutant-loader.mjs', import.meta.url, { data: JSON.parse(MUTANT) });
