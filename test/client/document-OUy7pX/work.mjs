export const square = (n) => n * n;
export const inverse = (n) => {
  if (n === 0) throw new RangeError('0 has no inverse');
  return 1 / n;
};
export const scaled = (n, { fixedArgs }) => n * fixedArgs.factor;
export function greet(name, { rank }) {
  return `worker ${rank} greets ${name}`;
}
export const dangerous = (n) => {
  if (n === 2) process.kill(process.pid, 'SIGKILL');
  return n;
};
