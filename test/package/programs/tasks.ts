import type { TaskContext } from 'sleigh';

export const square = (n: number): number => n * n;
export const scaled = (n: number, { fixedArgs }: TaskContext<{ factor: number }>): number =>
  n * fixedArgs.factor;
export const later = async (name: string, { signal, rank }: TaskContext): Promise<string> => {
  signal.throwIfAborted();
  return Promise.resolve(`${name} ${rank}`);
};
export const nothing = (): void => undefined;
export const limit = 3;
