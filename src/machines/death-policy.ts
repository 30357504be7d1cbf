/** What becomes of the task of a worker that dies, and of its job (S13). */
export type DeathPolicy = 'shutdown' | 'requeue' | 'null';
