// What the prepared jobs call: see prepared-jobs.mjs.
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export async function resize(image) {
  await pause(20 + (image.number % 7) * 15);
  if (image.number % 4 === 3) throw new TypeError(`image ${image.number} has no header`);
}

export async function simulate(seed) {
  await pause(5 + (seed % 11) * 10);
  if (seed === 7) process.exit(9);
  return seed;
}

export async function align(sample) {
  console.log(`aligns sample ${sample.id} of ${sample.file}`);
  if (sample.id === 5) await pause(86_400_000);
  await pause(30);
}

export async function write({ disk }) {
  await pause(20);
  if (disk === undefined) await pause(86_400_000);
  else throw new Error(`disk ${disk} is full`);
}

export async function steps(n) {
  await pause(100 + (n % 7) * 80);
  return n;
}

export const quick = (n) => n;
