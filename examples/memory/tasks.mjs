// Functions that work on memory of the program, and that pass large values on.

/** Draws rows of a picture into memory that all threads share. */
export function drawRow({ pixels, width, row }) {
  const line = new Uint8Array(pixels, row * width, width);
  for (let x = 0; x < width; x++) line[x] = (x ^ row) & 0xff;
  return row;
}

/** The sum of bytes that were moved here. */
export const sum = (bytes) => bytes.reduce((total, byte) => total + byte, 0);

/** A value of some megabytes, for the next function. */
export const load = (megabytes) => new Uint8Array(megabytes * 2 ** 20).fill(1);
