// Trains a linear model in two languages: this program descends the gradient, which workers in Python compute, each for a
// part of the data.
//
//   node examples/gradient/main.mjs [PYTHON]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pythonWorkers, Sleigh, tasks } from 'sleigh';

const [python = 'python3'] = process.argv.slice(2);
if (spawnSync(python, ['--version']).error !== undefined) {
  console.log(`skipped: there is no ${python} here`);
  process.exit();
}

const STEPS = 60;
const RATE = 0.5;
const SHARDS = [0, 1, 2, 3];

const gradient = tasks.python(`${fileURLToPath(new URL('./model.py', import.meta.url))}:gradient`);
const sleigh = await Sleigh.start({ workers: 2, launch: pythonWorkers({ python }) });

let model = { slope: 0, intercept: 0 };
let loss = Infinity;
for (let step = 0; step < STEPS; step++) {
  const parts = await sleigh.eachElem(gradient, SHARDS, { fixedArgs: model });
  const mean = (of) => parts.reduce((sum, part) => sum + of(part), 0) / parts.length;
  model = {
    slope: model.slope - RATE * mean((part) => part.slope),
    intercept: model.intercept - RATE * mean((part) => part.intercept),
  };
  loss = mean((part) => part.loss);
}
await sleigh.stop();

console.log(`y = ${model.slope.toFixed(2)} x + ${model.intercept.toFixed(2)}, loss ${loss.toFixed(3)}`);
