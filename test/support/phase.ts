import type { Sleigh } from '../../src/sleigh/sleigh.ts';

/** S14: the job is shutting down, or over, or its workspace is deleted. */
export const isWindingDown = ({ supervisor }: Sleigh): boolean =>
  supervisor.getSnapshot().value !== 'serving';
