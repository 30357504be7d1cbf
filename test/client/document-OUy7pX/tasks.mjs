export const square = (n) => n * n;
export const scaled = (n, { fixedArgs }) => n * fixedArgs.factor;
export const inverse = (n, { signal }) => (signal.aborted ? 0 : 1 / BigInt(n)); // fails: 1 is no BigInt
