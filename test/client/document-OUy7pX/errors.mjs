import { Sleigh, tasks } from 'sleigh';
const { inverse } = tasks(new URL('./work.mjs', import.meta.url));

const sleigh = await Sleigh.start({ workers: 2 });
await sleigh.eachElem(inverse, [1, 0]).then(console.log, (error) => console.log(error.message));
const [half, failed] = await sleigh.eachElem(inverse, [2, 0], { errors: 'collect' });
console.log(half, failed.index, failed.code, failed.reason);
await sleigh.stop();
