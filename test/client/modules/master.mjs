// A master in a process of its own; it prints which workers run, and never ends by itself.
import { Sleigh, tasks } from 'sleigh/client';

const { deep, whoAmI } = tasks(new URL('tasks.mjs', import.meta.url));
const sleigh = await Sleigh.start({ workers: 2 });
const workers = (await sleigh.eachWorker(whoAmI, undefined)).map(({ pid }) => pid);
const { port } = sleigh.workspace.server;
const order = { folder: process.argv[2], milliseconds: 60_000 };
void sleigh.eachElem(deep, [order, order, order]).then();
console.log(JSON.stringify({ workers, port }));
