import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Laboratory } from './laboratory.ts';
import { hashOf, linesOf, noting, readReach, REACH_SETUP, writeReach, type Reach } from './reach.ts';
import { filesOf, LAYERS, ROOT, textOf, type Subject } from './sample.ts';

/**
 * Tests that can notice a mutant, in the order in which they are looked at. The others repeat these at length, look at the
 * text of the source (which differs in every mutant), or need a browser or a network.
 */
const ABLE = [
  /^test\/(wire|workspace|sleigh|core|transport|conformance|limits|store)\//,
  /^test\/(figures|errors)\./,
  /^model-tests\/(simulation|edge-simulation|oracle|client-simulation|fuzz)\//,
  /^model-tests\/paths\/pool-paths\./,
  /^test\/client\//,
  /^test\/(web|views)\//,
];
const UNABLE =
  /planted|document\.test|growth\.test|oracle-finds|core\/turns\.test|big\.test|conformance-(forwarded|partitioned)/;
/** Tests of the client are the most and the slowest. Those of the server's layers do without them. */
const OF_CLIENT = /^test\/client\/(?!reference)|client-simulation|pool-paths/;
const WITH_CLIENT: ReadonlySet<Subject> = new Set(['client', 'wire']);

/** Files of tests that can notice mutants of these layers. */
export const testFiles = (layers: readonly Subject[]): string[] => {
  const withClient = layers.some((layer) => WITH_CLIENT.has(layer));
  const files = ['test', 'model-tests'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .filter((name) => name.endsWith('.test.ts') && !UNABLE.test(name))
      .filter((name) => withClient || !OF_CLIENT.test(name))
      .sort(),
  );
  return ABLE.flatMap((able) => files.filter((file) => able.test(file)));
};

/**
 * Runs each file of tests once, with sources that note which functions are called, and writes the answer to a file. What is
 * in the file already is not found out again, unless the tests have changed.
 */
export async function findReach(path: string, files: readonly string[]): Promise<Reach[]> {
  mkdirSync(dirname(path), { recursive: true });
  const hashes = new Map(files.map((file) => [file, hashOf(textOf(file))]));
  const able = new Set(testFiles(LAYERS));
  const reach = readReach(path, ROOT).filter(
    ({ file, hash }) => able.has(file) && (!hashes.has(file) || hashes.get(file) === hash),
  );
  const wanted = files.filter((file) => !reach.some((one) => one.file === file));
  if (wanted.length === 0) return reach;
  writeReach(path, reach);
  const raw = `${path}.raw`;
  const laboratory = new Laboratory({
    setup: REACH_SETUP,
    env: { REACH_LOG: `${path}.log`, REACH_FILE: raw },
  });
  try {
    for (const file of LAYERS.flatMap(filesOf)) await laboratory.write(file, noting(file, textOf(file)));
    for (const file of wanted) {
      rmSync(raw, { force: true });
      const { failed } = await laboratory.run([{ file }], 50);
      const hash = hashes.get(file) ?? '';
      const found = readReach(raw, laboratory.folder).map((one): Reach => Object.assign(one, { hash }));
      reach.push(...found);
      appendFileSync(path, linesOf(found));
      console.log(`${file} ${failed === null ? 'passes' : `fails: ${failed.test}: ${failed.error}`}`);
    }
    return reach;
  } finally {
    laboratory.remove();
    rmSync(raw, { force: true });
    rmSync(`${path}.log`, { force: true });
  }
}
