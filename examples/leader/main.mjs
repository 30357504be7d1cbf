// Several programs work off one queue, and one of them leads. When a program ends, its job returns to the queue, and another
// program leads.
//
//   node examples/leader/main.mjs
import { NetWorkSpace, createServer } from 'sleigh';

const server = await createServer({ port: 0, logLevel: 'silent' });
const open = () => NetWorkSpace.open('printing', { port: server.port, persistent: true });
const [first, second] = [await open(), await open()];
const log = [];

// Leads until it is stopped, and says who leads.
const lead = (name) => async (signal) => {
  log.push(`${name} leads`);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};
const campaigns = [
  first.elect('foreman', lead('first')).catch(() => undefined),
  second.elect('foreman', lead('second')).catch(() => undefined),
];

const jobs = second.variable('jobs', 'fifo');
for (const job of ['cover', 'pages', 'index']) await jobs.store(job);

// The first program takes a job, and ends without having done it.
const taken = await first.variable('jobs').take({ lease: 60_000 });
log.push(`first takes ${taken.value}`);
first.close();

for (let done = 0; done < 3; done++) {
  const job = await jobs.take({ lease: 60_000 });
  log.push(`second does ${job.value}`);
  await job.done();
}
while (!log.includes('second leads')) await new Promise((resolve) => setTimeout(resolve, 10));
second.close();
await Promise.all(campaigns);
await server.close();
console.log(log.filter((line) => !line.includes('leads')).join('\n'));
console.log(log.filter((line) => line.includes('leads')).join(', then '));
