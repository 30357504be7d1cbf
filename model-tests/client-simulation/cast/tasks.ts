import { unsafeCast } from '../../../src/client/unsafe-cast.ts';
import { ModuleError, type Exports } from '../../../src/client/task/module-function.ts';
import type { TaskContext } from '../../../src/client/task/task.ts';
import type { Ledger } from '../check/ledger.ts';
import type { SimulatedHost } from '../host/host.ts';
import type { SimulatedProcess } from '../host/process.ts';
import type { Element, Plan } from './plan.ts';
import { MODULE as MODULE_ERRORS } from '../../../src/client/errors/job.ts';

/** The module of all tasks, and its function for elements. */
export const MODULE = '/jobs/tasks.mjs';
export const FUNCTION = 'perform';
/** The one for broadcasts. */
export const GREETING = 'greet';

/** The maximum time to load a module, in milliseconds. */
const LOADING_MS = 50;
/** Milliseconds that a call needs to end after it was aborted. */
const HEEDING_MS = 20;

/** More characters than the server keeps in memory. */
const MUCH = 8_000;

/** The result of an element that returns. */
export const valueOf = ({ batch, n, does }: Element): string =>
  `value ${batch}.${n}${does === 'return much' ? 'x'.repeat(MUCH) : ''}`;

/** Loads the module of the tasks into a process. */
export function moduleLoader(
  host: () => SimulatedHost,
  plan: Plan,
  ledger: Ledger,
): (process: SimulatedProcess, path: string) => Promise<Exports> {
  return async (process, path) => {
    const { world } = host();
    await new Promise<void>((resolve) => void process.after(world.random.fraction() * LOADING_MS, resolve));
    if (path !== MODULE || process.now - world.start < plan.moduleFrom)
      throw new ModuleError(MODULE_ERRORS.missing(path));
    const perform = (element: unknown, context: unknown): unknown =>
      performIn(host(), process, ledger, unsafeCast<Element>(element), unsafeCast<TaskContext>(context));
    const greet = (): Promise<string> =>
      new Promise((resolve) => {
        process.after(world.random.fraction() * LOADING_MS, () => resolve(`greeting of ${process.name}`));
      });
    return { [FUNCTION]: perform, [GREETING]: greet, default: perform };
  };
}

const NOTHING = (): void => undefined;

/** Calls the function for one element, in a process. */
function performIn(
  host: SimulatedHost,
  process: SimulatedProcess,
  ledger: Ledger,
  element: Element,
  { signal }: TaskContext,
): unknown {
  let end = NOTHING;
  process.act(() => {
    const call = ledger.begun(element, process);
    end = () => ledger.ended(call);
    process.memory++;
  });
  const ended = (): void => process.act(() => end());
  const after = (milliseconds: number): Promise<string> =>
    new Promise((resolve) => {
      process.after(milliseconds, () => {
        ended();
        resolve(valueOf(element));
      });
    });
  switch (element.does) {
    case 'return':
    case 'return much':
      ended();
      return valueOf(element);
    case 'print':
      for (let line = 0; line < element.lines; line++) process.print('stdout', `line ${line}\n`);
      ended();
      return valueOf(element);
    case 'throw':
      ended();
      throw new RangeError(`thrown for ${element.n}`);
    case 'unsendable':
      ended();
      return () => undefined;
    case 'block':
      process.block(element.ms);
      ended();
      return valueOf(element);
    case 'hang':
      process.block(Infinity);
      return undefined;
    case 'never':
      return new Promise(() => undefined);
    case 'wait':
      return after(element.ms);
    case 'heed':
      return Promise.race([
        after(element.ms),
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            void process.after(host.world.random.fraction() * HEEDING_MS, () => {
              ended();
              reject(new Error('aborted'));
            });
          });
        }),
      ]);
    case 'end':
      break;
  }
  return new Promise((resolve) => {
    process.act(() => {
      if (ledger.entryOf(element).calls.length <= element.times) return host.end(process, element.how);
      end();
      resolve(valueOf(element));
    });
  });
}
