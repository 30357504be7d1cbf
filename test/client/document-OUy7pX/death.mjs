import { Sleigh, tasks } from 'sleigh';
const { dangerous } = tasks(new URL('./work.mjs', import.meta.url));

const onDeath = (rank, how) => console.log(`a worker ended: ${how}`);
const sleigh = await Sleigh.start({ workers: 3, maxAttempts: 2, onDeath });
await sleigh.join(10);
const results = await sleigh.eachElem(dangerous, [1, 2, 3], { errors: 'collect' });
await sleigh.stop();
console.log(results.map((each) => each.code ?? each));
