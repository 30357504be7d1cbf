import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sleigh } from '../support/serve-process.ts';

const hasShell = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

const scripts: Record<string, string> = {};
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) scripts[shell] = (await sleigh(['completion', shell])).output;
});

/** What bash offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `${scripts['bash']}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sleigh; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-uc', script, 'bash', ...words])
    .toString()
    .trim()
    .split('\n');
}

describe.skipIf(!hasShell('bash'))('completion for bash', () => {
  it('offers commands', () => {
    expect(offered('sleigh', '')).toEqual(expect.arrayContaining(['serve', 'run', 'worker', 'watch']));
    expect(offered('sleigh', 'st')).toEqual(['status']);
  });

  it('offers the options of the command, and the words of its arguments', () => {
    expect(offered('sleigh', 'get', 'w', '--t')).toEqual(['--tls', '--tls-ca', '--take', '--timeout']);
    expect(offered('sleigh', 'run', '--no')).toEqual(['--no-tunnel']);
    expect(offered('sleigh', 'completion', 'f')).toEqual(['fish']);
  });

  it('offers the values that an option has, and files where it has others', () => {
    expect(offered('sleigh', 'put', '--mode', '')).toEqual(['fifo', 'lifo', 'single', 'multi']);
    expect(offered('sleigh', 'run', '--server', '')).toEqual(['']);
  });

  it('is not the only one that is well formed: that for zsh is, as far as bash can tell', () => {
    execFileSync('bash', ['-n'], { input: scripts['zsh'] ?? '' });
  });
});

describe('completion', () => {
  it.skipIf(!hasShell('zsh'))('for zsh is valid there', () => {
    execFileSync('zsh', ['-n'], { input: scripts['zsh'] ?? '' });
  });

  it.skipIf(!hasShell('fish'))('for fish is valid there', () => {
    execFileSync('fish', ['--no-execute'], { input: scripts['fish'] ?? '' });
  });

  it('knows each command and each of its options, in every shell', async () => {
    const commands = [...(await sleigh(['--help'])).output.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands.filter((each) => each !== 'help')) {
      const help = (await sleigh([name ?? '', '--help'])).output;
      for (const [, flag = ''] of help.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)) {
        expect(scripts['bash']).toMatch(new RegExp(`'${name}'\\) words='[^']*--${flag}[ ']`));
        expect(scripts['zsh']).toMatch(new RegExp(`'${name}'\\) .*--${flag}\\[`));
        expect(scripts['fish']).toMatch(new RegExp(`from ${name}'.* -l ${flag} `));
      }
    }
  }, 60_000);

  it('says which shells it knows', async () => {
    const { code, errors } = await sleigh(['completion', 'ksh']);
    expect(code).toBe(1);
    expect(errors).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});
