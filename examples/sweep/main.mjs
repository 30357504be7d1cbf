// Runs one simulation for each value of a parameter, and plots the results:
//
//   node examples/sweep/main.mjs [FILE.svg]
import { writeFile } from 'node:fs/promises';
import { Sleigh, tasks } from 'sleigh';

const { epidemic } = tasks(new URL('./tasks.mjs', import.meta.url));
const [file = 'sweep.svg'] = process.argv.slice(2);

// How many others each infected person infects at the start, from 0.5 to 4.
const values = Array.from({ length: 71 }, (_, i) => 0.5 + i / 20);
const fixedArgs = { daysIll: 5, infectedAtFirst: 1e-4, step: 0.01 };

const sleigh = await Sleigh.start({ workers: 2 });
const parts = await sleigh.eachElem(epidemic, values, { fixedArgs });
await sleigh.stop();

await writeFile(file, plot(values, parts));
console.log(`${file}: ${values.length} simulations; at 2.0 ${percent(parts[values.indexOf(2)])} fall ill`);

function percent(part) {
  return `${(100 * part).toFixed(1)} %`;
}

/** The layout of the picture. */
function x(value) {
  return 60 + ((value - 0.5) / 3.5) * 560;
}
function y(part) {
  return 340 - part * 300;
}

function text(at, down, anchor, label) {
  return `<text x="${at}" y="${down}" text-anchor="${anchor}">${label}</text>`;
}

function plot(xs, ys) {
  const points = xs.map((value, i) => `${x(value).toFixed(1)},${y(ys[i]).toFixed(1)}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="13">
<rect width="640" height="400" fill="white"/>
<path d="M60 40V340H620" fill="none" stroke="black"/>
${[0, 0.5, 1].map((part) => text(52, y(part) + 4, 'end', percent(part))).join('\n')}
${[1, 2, 3, 4].map((value) => text(x(value), 360, 'middle', value)).join('\n')}
${text(340, 388, 'middle', 'infected by each')}
${text(60, 24, 'start', 'have been ill in the end')}
<polyline points="${points.join(' ')}" fill="none" stroke="crimson" stroke-width="2"/>
</svg>
`;
}
