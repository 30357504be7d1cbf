import { LaunchError, processes, type Launched, type LaunchOrder } from './launcher.ts';
import type { LaunchOptions } from './sleigh-options.ts';
import { pathOf } from './task.ts';

/** The workers that the master of a sleigh has started, at the beginning and later. */
export class Crew {
  readonly #order: Omit<LaunchOrder, 'workers' | 'hosts' | 'preload' | 'place'>;
  readonly #launched = new Set<Launched>();
  #isStopped = false;

  /** @param order what is the same for all of them */
  constructor(order: Omit<LaunchOrder, 'workers' | 'hosts' | 'preload' | 'place'>) {
    this.#order = order;
  }

  /** @throws LaunchError; nothing of it is left then */
  async launch({
    workers,
    hosts = [],
    launch = processes(),
    preload,
    cwd,
    env,
  }: LaunchOptions): Promise<Launched> {
    const launched = await launch.start({
      ...this.#order,
      workers,
      hosts,
      place: { cwd, env },
      preload: preload === undefined ? undefined : pathOf(preload),
    });
    if (this.#isStopped) {
      await launched.stop();
      throw new LaunchError('the job was stopped while workers were started');
    }
    this.#launched.add(launched);
    void launched.gone.then(() => this.#launched.delete(launched));
    return launched;
  }

  /** Ends them. @returns when they have gone */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(Array.from(this.#launched, (launched) => launched.stop()));
  }
}

/** @returns the options, and what is not said in them as it was at the start; other launchers have other hosts */
export const orAsAtTheStart = (
  { workers, launch, hosts, preload }: LaunchOptions,
  start: LaunchOptions,
): LaunchOptions => ({
  workers,
  launch: launch ?? start.launch,
  hosts: hosts ?? (launch === undefined ? start.hosts : undefined),
  preload: preload ?? start.preload,
});
