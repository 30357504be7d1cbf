import { processes, threads } from '../../src/client/index.ts';
import { isShort } from './form.ts';

/** Workers for tests that need no processes of their own: in the short form threads, which start several times as fast. */
export const usualLaunch = isShort ? threads() : processes();
