// A separate process: PORT MEBIBYTES. Stores a value of this size, fetches it, and prints the most that it held of it.
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NetWorkSpace } from 'sleigh/client';

const [port, mebibytes] = process.argv.slice(2).map(Number);
const MIB = 2 ** 20;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
/** What is held after a collection: garbage does not count, nor what the allocator keeps of freed memory. */
let passed = 0;
let peak = 0;
function pass() {
  if (++passed % 16 !== 0) return;
  collectGarbage();
  peak = Math.max(peak, process.memoryUsage().arrayBuffers);
}
async function* pieces(hash) {
  for (let n = 0; n < mebibytes; n++) {
    const piece = Buffer.alloc(MIB, n);
    hash.update(piece);
    pass();
    yield piece;
  }
}
const [sent, come] = [createHash('sha1'), createHash('sha1')];
const ws = await NetWorkSpace.open('large', { port });
await ws.storeStream('x', { size: mebibytes * MIB, bytes: pieces(sent) });
const { stream, size } = await ws.fetch('x', { as: 'stream' });
for await (const piece of stream) {
  come.update(piece);
  pass();
}
ws.close();
const isSame = sent.digest('hex') === come.digest('hex');
console.log(JSON.stringify({ size, isSame, peak }));
