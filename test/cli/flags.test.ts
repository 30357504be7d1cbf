import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { programWith } from '../../src/cli/commands.ts';
import { sleigh } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

// Errors in flags and arguments have one form, whichever command reports them.

/** The arguments before the flags, so that only the flags are wrong. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  run: ['module.mjs'],
  worker: ['job'],
  get: ['w', 'v'],
  put: ['w', 'v', 'value'],
  watch: ['w', 'v'],
  data: ['check', 'folder'],
  completion: ['bash'],
};

const NUMBER = 'It must be a whole number';
const ADDRESS = 'It must be HOST:PORT';
const FILE = 'It cannot be read: there is no such file';
const CHOICES = 'Allowed choices are';

const BAD_VALUES: readonly [command: string, flag: string, value: string, why: string][] = [
  ['serve', '--port', '65536', NUMBER],
  ['serve', '--port', '-1', NUMBER],
  ['serve', '--web-port', 'http', NUMBER],
  ['serve', '--web-base', 'cluster', 'It must be a path that begins with'],
  ['serve', '--long-value-size', '-1', NUMBER],
  ['serve', '--drain', 'soon', NUMBER],
  ['serve', '--limit', 'sauna=1', 'There is no limit "sauna"'],
  ['serve', '--limit', 'nameBytes=many', NUMBER],
  ['serve', '--on-dead-worker', 'panic', CHOICES],
  ['serve', '--sync', 'soon', CHOICES],
  ['serve', '--history', '-1', NUMBER],
  ['serve', '--lease', '0', 'It must be a number of seconds over 0'],
  ['serve', '--link-port', '99999', NUMBER],
  ['serve', '--partitions', '0', NUMBER],
  ['serve', '--log-level', 'loud', CHOICES],
  ['serve', '--tls-cert', '/no/file', FILE],
  ['serve', '--tls-key', '/no/file', FILE],
  ['serve', '--tls-ca', '/no/file', FILE],
  ['serve', '--token-file', '/no/file', FILE],
  ['serve', '--allow-file', '/no/file', FILE],
  ['serve', '--allow', '10.0.0.0/99', '"10.0.0.0/99" is no address'],
  ['run', '--server', 'here', ADDRESS],
  ['run', '--tls-ca', '/no/file', FILE],
  ['run', '--workers', '0', NUMBER],
  ['run', '--window', '1.5', NUMBER],
  ['run', '--concurrency', '0', NUMBER],
  ['worker', '--concurrency', 'many', NUMBER],
  ['run', '--token-file', '/no/file', FILE],
  ['run', '--join', 'open', CHOICES],
  ['run', '--reconnect-grace', 'long', 'It must be a number of seconds'],
  ['run', '--encoding', 'ebcdic', CHOICES],
  ['run', '--timeout', '0', 'It must be a number of seconds over 0'],
  ['run', '--retries', '0', NUMBER],
  ['run', '--halt', 'sometime', 'It must be never, or now or soon with'],
  ['worker', '--server', ':1', ADDRESS],
  ['worker', '--tls-ca', '/no/file', FILE],
  ['worker', '--token-file', '/no/file', FILE],
  ['worker', '--workers', '-3', NUMBER],
  ['status', '--server', 'h:0', ADDRESS],
  [
    'status',
    '--server',
    'ada:8765,',
    `${ADDRESS}, or several with commas between them; "" is not HOST:PORT.`,
  ],
  ['status', '--tls-ca', '/no/file', FILE],
  ['status', '--token-file', '/no/file', FILE],
  ['ls', '--server', 'h:99999', ADDRESS],
  ['ls', '--tls-ca', '/no/file', FILE],
  ['ls', '--token-file', '/no/file', FILE],
  ['get', '--server', 'here', ADDRESS],
  ['get', '--tls-ca', '/no/file', FILE],
  ['get', '--token-file', '/no/file', FILE],
  ['get', '--timeout', 'long', 'It must be a number of seconds'],
  ['put', '--server', 'here', ADDRESS],
  ['put', '--tls-ca', '/no/file', FILE],
  ['put', '--token-file', '/no/file', FILE],
  ['put', '--mode', 'filo', CHOICES],
  ['watch', '--server', 'here', ADDRESS],
  ['watch', '--tls-ca', '/no/file', FILE],
  ['watch', '--token-file', '/no/file', FILE],
  ['verify', '--server', 'here', ADDRESS],
  ['verify', '--handshake-seconds', '0', 'It must be a number of seconds over 0'],
  ['verify', '--request-seconds', 'x', 'It must be a number of seconds'],
  ['charts', '--format', 'png', CHOICES],
  ['charts', '--web-port', '99999', NUMBER],
  ...['run', 'worker'].flatMap((command): [string, string, string, string][] => [
    [command, '--respawn', 'often', 'It must be two numbers'],
    [command, '--max-tasks-per-worker', '0', NUMBER],
    [command, '--max-memory', '512MB', 'It must be a number of bytes'],
  ]),
  ['worker', '--drain', 'soon', 'It must be a number of seconds'],
];

/** Flags that accept any value. */
const FREE = new Set(
  '--host --name --cwd --env --joblog --web-host --web-allow-host --web-token --tmp-dir --data --store --advertise --client-address --trace --out --launch --ssh-option --remote-command --plugin --preload --diagram'.split(
    ' ',
  ),
);

interface Told {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

const told = async (
  command: string,
  flags: readonly string[],
  env?: Record<string, string>,
): Promise<Told> => {
  const { code, output, errors } = await sleigh([command, ...(ARGUMENTS[command] ?? []), ...flags], env);
  return { code, output, errors };
};

const refused = (message: string): Told => ({
  code: 1,
  output: '',
  errors: expect.stringMatching(new RegExp(`^sleigh: ${message}[^\n]*\n$`)),
});

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * Parses the flags in this process, which is faster than a separate one. A few flags are tested in a process for their
 * message and their status.
 */
async function parsed(command: string, flags: readonly string[]): Promise<void> {
  const program = await programWith(command, () => undefined);
  await program.parseAsync([command, ...(ARGUMENTS[command] ?? []), ...flags], { from: 'user' });
}

const wrong = (message: string): RegExp => new RegExp(`^error: ${message}[^\n]*`);

describe('an error in a flag', () => {
  let commands: string[];
  const helps = new Map<string, string>();
  beforeAll(async () => {
    const program = await programWith(undefined, () => undefined);
    commands = program.commands.map((command) => command.name());
    for (const command of program.commands) helps.set(command.name(), command.helpInformation());
  });

  it.each(BAD_VALUES)(
    '%s %s %s names the flag, the value and the reason',
    async (command, flag, value, why) => {
      await expect(parsed(command, [flag, value])).rejects.toThrow(
        wrong(`option '[^']*${flag} <.*>' argument '${literally(value)}' is invalid\\. ${literally(why)}`),
      );
    },
  );

  it('is covered by this test for each flag that takes a value', () => {
    const known = new Set(BAD_VALUES.map(([command, flag]) => `${command} ${flag}`));
    const forgotten = [...helps].flatMap(([command, help]) =>
      [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+) </gm)]
        .map(([, flag = '']) => flag)
        .filter((flag) => !FREE.has(flag) && !known.has(`${command} ${flag}`))
        .map((flag) => `${command} ${flag}`),
    );
    expect(commands.length).toBeGreaterThan(10);
    expect(forgotten).toEqual([]);
  });

  it.skipIf(isShort)(
    'is reported the same by every command for an unknown flag or a missing value',
    async () => {
      for (const [command, help] of helps) {
        await expect(parsed(command, ['--sauna'])).rejects.toThrow(wrong("unknown option '--sauna'"));
        const [, flag] = /^ +(--[a-z-]+) <[^.]*>/m.exec(help) ?? [];
        if (flag !== undefined)
          await expect(parsed(command, [flag])).rejects.toThrow(
            wrong(`option '${flag} <.*>' argument missing`),
          );
      }
    },
  );

  it('is one line when a flag is misspelled or its value is invalid', async () => {
    expect(await told('serve', ['--port', '-1'])).toEqual(
      refused("option '--port <.*>' argument '-1' is invalid\\. It must be a whole number"),
    );
    expect(await told('serve', ['--prot', '1'])).toEqual(
      refused("unknown option '--prot' \\(Did you mean --port\\?\\)"),
    );
    expect(await told('sevre', [])).toEqual(refused("unknown command 'sevre' \\(Did you mean serve\\?\\)"));
  });

  it.skipIf(isShort)('names the environment variable that the value came from', async () => {
    expect(await told('serve', [], { NWS_SERVER_PORT: 'http' })).toEqual(
      refused("option '--port <number>' value 'http' from env 'NWS_SERVER_PORT' is invalid\\. It must be"),
    );
    expect(await told('ls', [], { SLEIGH_SERVER: 'ada:1,bea' })).toEqual(
      refused(
        "option '--server <host:port>' value 'ada:1,bea' from env 'SLEIGH_SERVER' is invalid\\. It must be",
      ),
    );
  });

  it.skipIf(isShort).each([
    ['serve', ['extra'], "too many arguments for 'serve'"],
    ['status', ['a', 'b'], "too many arguments for 'status'"],
    ['verify', [], 'verify needs a trace, or --server HOST:PORT, and not both'],
    ['charts', ['x'], "command-argument value 'x' is invalid for argument 'name'\\. Allowed choices are"],
    ['charts', ['worker', '--trace', 'file'], '--trace shows all charts'],
    ['serve', ['--tls-ca', import.meta.filename], '--tls-ca needs --tls-cert and --tls-key'],
  ])(
    '%s %j: errors in arguments and contradicting flags are reported as errors in flags are',
    async (command, args, why) => {
      expect(await told(command, args)).toEqual(refused(why));
    },
  );

  it.skipIf(isShort)(
    'is JSON under --json, with the same status',
    async () => {
      for (const command of commands.filter((name) => name !== 'completion')) {
        const { code, output, errors } = await told(command, ['--sauna', '--json']);
        expect([code, output]).toEqual([1, '']);
        const message: unknown = expect.stringMatching(/^unknown option '--sauna'/);
        expect(JSON.parse(errors)).toEqual({ error: { code: 'usage', message } });
        expect(errors.trim()).not.toContain('\n');
      }
    },
    30_000,
  );
});

describe('environment variables in the place of flags', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('count as unset when they are empty, for every command', async () => {
    const named = (await programWith(undefined, () => undefined)).commands
      .flatMap(({ options }) => options)
      .flatMap(({ envVar }) => envVar ?? []);
    expect(named).toContain('SLEIGH_SERVER');
    for (const name of named) vi.stubEnv(name, '');
    vi.stubEnv('NWS_SERVER_PORT', '8765');
    await programWith(undefined, () => undefined);
    expect(named.filter((name) => name in process.env)).toEqual(['NWS_SERVER_PORT']);
  });
});
