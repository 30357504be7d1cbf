import { Sleigh, tasks } from 'sleigh';
const { greet } = tasks(new URL('./work.mjs', import.meta.url));

const sleigh = await Sleigh.start({ workers: 2 });
console.log(await sleigh.eachWorker(greet, 'you'));
await sleigh.stop();
