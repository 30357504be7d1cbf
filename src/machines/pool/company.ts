/**
 * What a rank of a process with several ranks does (S22.14): its task is called alone, or together with those of others,
 * until its result is stored; otherwise it waits for a task, or with one for its turn.
 */
export type Company = 'alone' | 'together' | 'waiting';
