// Loaded before a server: changes one expression in one of its files.
import { register } from 'node:module';

const { MUTANT = '' } = process.env;
register('./mutant-loader.mjs', import.meta.url, { data: JSON.parse(MUTANT) });
