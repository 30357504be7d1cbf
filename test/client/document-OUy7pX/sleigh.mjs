import { Sleigh, tasks } from 'sleigh';
// In TypeScript: tasks<typeof import('./tasks.mjs')>(…), and elements and results have their types.
const { square, scaled, inverse } = tasks(new URL('./tasks.mjs', import.meta.url));

const sleigh = await Sleigh.start({ workers: 2 }); // or { server: { host, port }, launch: threads(), … }
console.log(await sleigh.eachElem(square, [1, 2, 3]));
console.log(await sleigh.eachElem(scaled, new Set([1, 2]), { fixedArgs: { factor: 10 }, chunkSize: 2 }));
for await (const result of sleigh.eachElem(square, endless(), { loadFactor: 4 })) if (result > 50) break;
const [error] = await sleigh.eachElem(inverse, [1], { errors: 'collect', timeout: 1000 });
console.log(error.code, error.index, error.reason);
console.log((await sleigh.eachWorker(square, 5)).length, (await sleigh.status()).expected);
await sleigh.stop();

function* endless() {
  for (let n = 0; ; n++) yield n;
}
