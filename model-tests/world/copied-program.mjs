// Loaded before a program of `dist`: the program is that of a copy.
import { register } from 'node:module';

register('./copied-program-loader.mjs', import.meta.url, { data: process.env.FAULTY_COPY });
