import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { SentinelEventReader } from '../../src/client/master/sentinel-event-reader.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { fateOf, longReply, shortReply } from '../support/server-line.ts';
import { refusal, ScriptedServer } from '../support/scripted-server.ts';

/** What was stored to a variable, before the master read it and after the job had ended. */
type Stored = Record<string, [value: string, metadata: Record<string, string>][]>;

async function reading(stored: Stored, status: () => string | undefined, last: Stored = {}) {
  const server = new ScriptedServer(({ args: [verb = '', , variable = ''] }) => {
    if (verb === 'use ws') return shortReply();
    if (verb === 'find') {
      const text = status();
      return text === undefined ? refusal(verb, '0100') : longReply(text);
    }
    const next = (verb === 'ifind' ? stored : last)[variable]?.shift();
    if (next !== undefined) return longReply(next[0], { metadata: new Map(Object.entries(next[1])) });
    if (verb === 'ifind' || verb === 'withdraw') return undefined;
    return refusal(verb, '0001', VARIABLES.noValue().message);
  });
  const heard: unknown[] = [];
  const lines = await ConnectionPool.open({}, server.platform());
  const reader = new SentinelEventReader(lines, 'w', {
    onOutput: (text) => heard.push(text),
    onDeath: (...death) => heard.push(death),
  });
  await turns();
  return { server, reader, heard };
}

async function turns(): Promise<void> {
  for (let n = 0; n < 6; n++) await endOfTurn();
}

const THERE = 'Active sentinels\n  - ada\n';
const NOBODY = 'Active sentinels\nBlocked sentinels\nEnded sentinels\n  - ada\n';

describe('what sentinels of other launchers say', () => {
  it('is their output, unless it was passed on already, and deaths', async () => {
    const { heard } = await reading(
      {
        [VARIABLE.logDebug]: [
          ['one\ntwo', {}],
          ['known', { [KEY.passedOn]: '1' }],
        ],
        [VARIABLE.logError]: [
          ['oh', {}],
          ['known', { [KEY.passedOn]: '1' }],
          ['it died', { [KEY.ended]: 'signal SIGKILL', [KEY.rank]: '3' }],
        ],
      },
      () => NOBODY,
    );
    expect(heard).toHaveLength(3);
    expect(heard).toEqual(expect.arrayContaining(['one\ntwo\n', 'oh\n', [3, 'signal SIGKILL']]));
  });

  it.each<[what: string, status: () => string | undefined, waited: number]>([
    ['no sentinel is there', () => NOBODY, 0],
    ['the job has ended', () => undefined, 0],
    ['sentinels are there', () => THERE, 1_000],
    ['blocked sentinels are there', () => 'Blocked sentinels\n  - ada\n', 1_000],
  ])('is read to its end when the job ends and %s', async (_what, status, waited) => {
    const { server, reader, heard } = await reading({}, status, { [VARIABLE.logDebug]: [['last', {}]] });
    const closed = fateOf(reader.close().then(() => 'closed'));
    await turns();
    const asked = (wanted: string): number =>
      server.asked.filter(({ args: [verb] }) => verb === wanted).length;
    // Then the readers that wait are withdrawn.
    while (server.clock.now() < 2_000 && asked('withdraw') === 0) {
      server.clock.advance(1);
      await turns();
    }
    expect([server.clock.now(), asked('find')]).toEqual([waited, waited === 0 ? 1 : 50]);
    // The server answers withdrawals by closing the connection.
    for (const line of server.lines.slice(1)) line.destroy();
    await turns();
    expect([closed.outcome, heard, server.clock.running]).toEqual(['closed', ['last\n'], 0]);
  });
});
