/** When a commit is done: when it is on the disk, or when the operating system has it and the disk follows (D2). */
export const SYNC_MODES = ['always', 'everysec'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];
