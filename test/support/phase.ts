import type { Sleigh } from '../../src/sleigh/sleigh.ts';

/** S14: the job is shutting down, or has ended, or its workspace is deleted. */
export const isShuttingDown = ({ supervisor }: Sleigh): boolean =>
  supervisor.getSnapshot().value !== 'serving';
