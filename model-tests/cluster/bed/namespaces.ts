import { execFileSync, spawnSync } from 'node:child_process';

/** An address that no interface has: what is sent there is lost without a word, as on a broken cable. */
const NOWHERE = '02:00:00:00:00:ff';

const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** The reason why there can be no network namespaces here; undefined if there can. */
export function noNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `sleigh-${process.pid}`;
  const { error, status, stderr } = spawnSync('ip', ['netns', 'add', name]);
  if (error !== undefined) return 'ip is not installed on this machine (apt-get install iproute2)';
  if (status !== 0) return `network namespaces are not possible: ${stderr.toString().trim()}`;
  ip('netns', 'delete', name);
  return undefined;
}

/** Hosts in network namespaces of this machine, which a bridge connects with each other and with this process. */
export class Network implements Disposable {
  /** Different for each process, so that two tests do not meet. The block is reserved for tests of networks (RFC 2544). */
  readonly #net = `198.18.${process.pid % 254}`;
  readonly #bridge = `slb${process.pid}`;
  readonly #hosts: readonly string[];
  readonly #cuts: (readonly [from: string, to: string])[] = [];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    ip('link', 'add', this.#bridge, 'type', 'bridge');
    ip('address', 'add', `${this.#net}.254/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
    for (const [at, host] of hosts.entries()) {
      const [space, cable] = [this.#space(host), `slv${process.pid}-${at}`];
      ip('netns', 'add', space);
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      ip('link', 'set', cable, 'master', this.#bridge, 'up');
      ip('-n', space, 'address', 'add', `${this.address(host)}/24`, 'dev', 'eth0');
      ip('-n', space, 'link', 'set', 'eth0', 'up');
      ip('-n', space, 'link', 'set', 'lo', 'up');
    }
  }

  #space(host: string): string {
    return `sleigh-${process.pid}-${host}`;
  }

  address(host: string): string {
    return `${this.#net}.${this.#hosts.indexOf(host) + 1}`;
  }

  /** A command that runs another one on a host. */
  within(host: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#space(host)];
  }

  /** From now on nothing that one host sends to others arrives. What they send to it does. */
  cut(from: string, to: readonly string[]): void {
    for (const other of to) {
      const where = ['lladdr', NOWHERE, 'dev', 'eth0', 'nud', 'permanent'];
      ip('-n', this.#space(from), 'neighbour', 'replace', this.address(other), ...where);
      this.#cuts.push([from, other]);
    }
  }

  /** Repairs everything that was cut. */
  mend(): void {
    for (const [from, to] of this.#cuts.splice(0))
      ip('-n', this.#space(from), 'neighbour', 'delete', this.address(to), 'dev', 'eth0');
  }

  /** The processes on the hosts must have ended. */
  [Symbol.dispose](): void {
    for (const host of this.#hosts) ip('netns', 'delete', this.#space(host));
    ip('link', 'delete', this.#bridge);
  }
}
