import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { isShort } from '../support/form.ts';
import { noSshd, startSshd } from '../support/sshd.ts';

const PYTHON = process.env['PYTHON'] ?? 'python3';
const PACKAGE = join(import.meta.dirname, '../../clients/python/src');
const isMissing = spawnSync(PYTHON, ['--version']).error !== undefined;
const why = isMissing ? `there is no ${PYTHON} here` : noSshd;

/** A master, whose server listens on the loopback address only: its workers reach it through the connection of ssh. */
const MASTER = `
import json, sys, time
from sleigh import Sleigh, ssh

options, command = json.loads(sys.argv[1]), sys.argv[2]
launch = ssh(options=options, remote_command=command)
with Sleigh(2, hosts=["127.0.0.1", "localhost"], launch=launch) as sleigh:
    print(list(sleigh.each_elem("math:factorial", [1, 5, 10])))
    while sleigh.status().workers < 2:
        time.sleep(0.05)
    print(sleigh.status().workers)
`;

describe.skipIf(isShort || why !== undefined)(
  `a master in Python that starts workers by ssh${why === undefined ? '' : ` (${why})`}`,
  () => {
    it('gets their results through a tunnel', { timeout: 60_000 }, async () => {
      await using sshd = await startSshd();
      const command = `env PYTHONPATH='${PACKAGE}' ${PYTHON} -m sleigh`;
      const master = spawn(PYTHON, ['-c', MASTER, JSON.stringify(sshd.options), command], {
        env: { ...process.env, PYTHONPATH: PACKAGE },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = once(master, 'close');
      const [output, errors] = await Promise.all([text(master.stdout), text(master.stderr)]);
      await ended;
      expect([output, master.exitCode], errors).toEqual(['[1, 120, 3628800]\n2\n', 0]);
    });
  },
);
