import { createServer, NetWorkSpace } from 'sleigh';
const server = await createServer({ port: 0, logLevel: 'error' });
const ws = await NetWorkSpace.open('shop', { port: server.port }); // tls: true, persistent: true …

const orders = ws.variable('orders', 'fifo'); // in TypeScript variable<Order>
await orders.store({ cakes: 2 }, { metadata: { table: '7' } });
console.log(await orders.find(), (await orders.find({ as: 'found' })).metadata.get('table'));
await ws.store('orders', { cakes: 1 });
for await (const { cakes } of orders.ifetch()) if (cakes === 1) break; // takes one after another, waits for more
console.log(await orders.fetchTry(), await orders.fetch({ timeout: 50 }).catch(({ code }) => code));

await ws.storeStream('film', { size: 3, bytes: [Buffer.from('abc')] }); // any size, in little memory
for await (const piece of (await ws.fetch('film', { as: 'stream' })).stream) console.log(String(piece));
console.log((await ws.list()).map(({ name, values }) => `${name}: ${values}`));
ws.close();
await server.close();
