import { Sleigh, tasks } from 'sleigh';
const { square } = tasks(new URL('./work.mjs', import.meta.url));

const sleigh = await Sleigh.start({ workers: 2 });
console.log(await sleigh.eachElem(square, [1, 2, 3]));
await sleigh.stop();
