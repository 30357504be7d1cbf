import { Sleigh, tasks } from 'sleigh';
const { scaled } = tasks(new URL('./work.mjs', import.meta.url));

const sleigh = await Sleigh.start({ workers: 2 });
const elements = Array.from({ length: 1000 }, (_, n) => n);
const results = await sleigh.eachElem(scaled, elements, { fixedArgs: { factor: 10 }, chunkSize: 100 });
console.log(results.length, results.at(-1));
await sleigh.stop();
