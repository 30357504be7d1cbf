import { createServer, NetWorkSpace } from 'sleigh';

const server = await createServer({ port: 0, logLevel: 'error' }); // or, elsewhere: npx sleigh serve
const here = await NetWorkSpace.open('kitchen', { port: server.port });
const there = await NetWorkSpace.use('kitchen', { port: server.port });

const dishes = there.variable('dishes', 'fifo');
const served = dishes.fetch(); // waits
await here.store('dishes', { name: 'soup', plates: 4 });
console.log(await served);

here.close();
there.close();
await server.close();
