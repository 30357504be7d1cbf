// 80 requests of 100 ms each, with 2 workers that have up to 20 requests under way at the same time.
//
//   node examples/requests/main.mjs
import { createServer } from 'node:http';
import { Sleigh, tasks } from 'sleigh';

const { status } = tasks(new URL('./tasks.mjs', import.meta.url));

// A service that needs 100 ms for an answer, and how many answers it prepares at the same time.
let preparing = 0;
let most = 0;
const service = createServer((_request, response) => {
  most = Math.max(most, ++preparing);
  setTimeout(() => {
    preparing--;
    response.end('done');
  }, 100);
});
await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${service.address().port}/`;

const sleigh = await Sleigh.start({ workers: 2, concurrency: 20 });
await sleigh.join(30);
await sleigh.eachWorker(status, url); // connects, and loads the function
const begun = performance.now();
const found = await Promise.all(
  Array.from({ length: 80 }, () => sleigh.submit(status, url, { timeout: 10_000 })),
);
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
console.log(
  `${found.filter((each) => each === 200).length} answers in ${seconds} s, ${most} at the same time`,
);
await sleigh.stop();
service.close();
service.closeAllConnections();
