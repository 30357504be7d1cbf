/** Replies that several machines of a job give. */
export const SLEIGH_DEAD = { status: '0001', reason: 'sleigh is dead' };
export const NO_VALUE = { status: '0001', reason: 'no value available.' };
export const WORKER_DEAD = { status: '0001', reason: 'worker is dead' };
export const NO_TASK = { status: '0001', reason: 'Store failed: no current task to store a result of.' };
