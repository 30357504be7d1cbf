import { Sleigh, tasks } from 'sleigh';

const module = tasks<typeof import('./tasks.js')>('tasks.js');
const { square, scaled, later } = module;

export async function wrong(sleigh: Sleigh): Promise<void> {
  module.limit; // wrong
  module.cube; // wrong
  await sleigh.eachElem(square, ['a']); // wrong
  await sleigh.eachElem(square, 1); // wrong
  await sleigh.eachElem(later, [1]); // wrong
  await sleigh.eachElem(scaled, [1]); // wrong
  await sleigh.eachElem(scaled, [1], {}); // wrong
  await sleigh.eachElem(scaled, [1], { fixedArgs: { factor: 'a' } }); // wrong
  await sleigh.eachElem(scaled, [1], { fixedArgs: undefined }); // wrong
  await sleigh.eachElem((n: number) => n, [1]); // wrong
  await sleigh.eachElem(square, [1], { errors: 'ignore' }); // wrong
  await sleigh.eachElem(square, [1], { loadfactor: 1 }); // wrong
  await sleigh.eachElem(square, [1], { chunkSize: 'large' }); // wrong
  await sleigh.eachWorker(square, 'a'); // wrong
  const texts: string[] = await sleigh.eachElem(square, [1]); // wrong
  const collected: number[] = await sleigh.eachElem(square, [1], { errors: 'collect' }); // wrong
  const promise: Promise<string[]> = sleigh.eachElem(square, [1]); // wrong
  for await (const { value } of sleigh.eachElem(square, [1]).outcomes()) value.toFixed(); // wrong
  console.log(texts, collected, promise);
}

export const started = [
  Sleigh.start({}), // wrong
  Sleigh.start({ workers: '1' }), // wrong
  Sleigh.start({ workers: 1, join: 'open' }), // wrong
  Sleigh.start({ workers: 1, onDeadWorker: 'retry' }), // wrong
];
