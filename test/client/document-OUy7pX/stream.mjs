import { Sleigh, tasks } from 'sleigh';
const { square } = tasks(new URL('./work.mjs', import.meta.url));

function* numbers() {
  for (let n = 1; ; n++) yield n;
}

const sleigh = await Sleigh.start({ workers: 2 });
let sum = 0;
for await (const result of sleigh.eachElem(square, numbers())) {
  sum += result;
  if (sum > 1000) break;
}
console.log(sum);
await sleigh.stop();
