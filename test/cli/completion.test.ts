import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleigh } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const hasShell = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

const scripts: Record<string, string> = {};
/** The scripts under the names that shells look for. */
let folder: string;
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) scripts[shell] = (await sleigh(['completion', shell])).output;
  folder = mkdtempSync(join(tmpdir(), 'sleigh-completion-'));
  writeFileSync(join(folder, '_sleigh'), scripts['zsh'] ?? '');
  writeFileSync(join(folder, 'sleigh.fish'), scripts['fish'] ?? '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The words that a shell offers for a line whose last word is incomplete. */
const OFFERED: Readonly<Record<string, (line: string) => string[]>> = {
  bash(line) {
    // Splits a line into words as bash does.
    const words = line.split(/ |(?==)|(?<==)/);
    const script = `${scripts['bash']}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sleigh; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(execFileSync('bash', ['--norc', '-uc', script, 'bash', ...words]));
  },
  zsh(line) {
    const said = execFileSync('zsh', ['-f', ZSH, folder, line], { timeout: 20_000, cwd: folder }).toString();
    const [, offered = ''] = said.split('\0');
    return lines(offered);
  },
  fish(line) {
    const script = 'source $argv[1]; complete -C $argv[2]';
    const args = ['--no-config', '-c', script, join(folder, 'sleigh.fish'), line];
    const offered = lines(execFileSync('fish', args, { timeout: 20_000, cwd: folder }));
    // With a description behind a tab, and with the given prefix.
    return offered.map((each) => each.replace(/\t.*/, '').replace(/^--[\w-]+=/, ''));
  },
};
const ZSH = fileURLToPath(new URL('../support/offered.zsh', import.meta.url));

const lines = (text: Buffer | string): string[] =>
  String(text)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

describe.each(['bash', 'zsh', 'fish'])('shell completion in %s', (shell) => {
  const inShell = (what: string, test: (offered: (line: string) => string[]) => void): void => {
    it.skipIf(isShort)(what, ({ skip }) => {
      if (!hasShell(shell)) skip(`there is no ${shell} on this machine`);
      test((line) => (OFFERED[shell]?.(line) ?? []).toSorted());
    });
  };

  inShell('offers commands', (offered) => {
    expect(offered('sleigh ')).toEqual(expect.arrayContaining(['serve', 'run', 'worker', 'watch', 'charts']));
    expect(offered('sleigh st')).toEqual(['status']);
  });

  inShell('offers the options of the command', (offered) => {
    expect(offered('sleigh get w --t')).toEqual(['--take', '--timeout', '--tls', '--tls-ca', '--token-file']);
    expect(offered('sleigh run --no')).toEqual(['--no-respawn', '--no-tunnel']);
  });

  inShell('takes no name for a command that stands in another place', (offered) => {
    expect(offered('sleigh ls get --tak')).toEqual([]);
    expect(offered('sleigh get ls --tak')).toEqual(['--take']);
  });

  inShell('offers the words of an argument', (offered) => {
    expect(offered('sleigh completion f')).toEqual(['fish']);
    expect(offered('sleigh charts sle')).toEqual(['sleigh', 'sleigh-pool']);
  });

  inShell('offers the values that an option has, as a word of their own and after =', (offered) => {
    const modes = ['fifo', 'lifo', 'multi', 'single'];
    expect(offered('sleigh put --mode ')).toEqual(modes);
    expect(offered('sleigh put --mode=')).toEqual(modes);
    expect(offered('sleigh put w v --mode=f')).toEqual(['fifo']);
    expect(offered('sleigh serve --log-level=de')).toEqual(['debug']);
  });

  inShell('offers flags after an option with a value that is any', (offered) => {
    expect(offered('sleigh serve --drain 5 --js')).toEqual(['--json']);
  });

  if (shell === 'bash') return;
  inShell('offers files where a value may be any', (offered) => {
    expect(offered('sleigh serve --trace sleigh.f')).toEqual(['sleigh.fish']);
    expect(offered('sleigh verify sleigh.f')).toEqual(['sleigh.fish']);
  });
});

describe('shell completion', () => {
  it('lists the supported shells', async () => {
    const { code, errors } = await sleigh(['completion', 'ksh']);
    expect(code).toBe(1);
    expect(errors).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});

describe.skipIf(isShort)('shell completion', () => {
  it('leaves the completion of file names to bash', () => {
    expect(scripts['bash']).toContain('complete -o default -F _sleigh sleigh');
  });

  it('can be sourced in zsh, too', ({ skip }) => {
    if (!hasShell('zsh')) skip('there is no zsh on this machine');
    const script = 'autoload -Uz compinit; compinit -D -u; source $1; print $_comps[sleigh]';
    const said = execFileSync('zsh', ['-f', '-c', script, 'zsh', join(folder, '_sleigh')]);
    expect(String(said)).toBe('_sleigh\n');
  });

  it('offers each command and each of its options in every shell', async () => {
    const commands = [...(await sleigh(['--help'])).output.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands.filter((each) => each !== 'help')) {
      const help = (await sleigh([name ?? '', '--help'])).output;
      for (const [, flag = ''] of help.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)) {
        expect(scripts['bash']).toMatch(new RegExp(`'${name}'\\) words='[^']*--${flag}[ ']`));
        expect(scripts['zsh']).toMatch(new RegExp(`'${name}'\\) .*--${flag}=?\\[`));
        expect(scripts['fish']).toMatch(new RegExp(`is ${name}'.* -l ${flag} `));
      }
    }
  }, 60_000);
});
