import { describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { checkHistory, type HistoryReport } from '../../src/verify/history/check.ts';
import { RECOVERY, TAKEOVER, type Operation } from '../../src/verify/history/operation.ts';
import { RecordingProxy } from '../../src/verify/history/recording-proxy.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

const start = (): Promise<Server> => createServer({ port: 0, logLevel: 'silent' });

async function openWorkspace(at: { readonly host: string; readonly port: number }): Promise<ProtocolClient> {
  const client = await ProtocolClient.ready(at);
  await client.ask(['open ws', 'w', 'test', 'yes']);
  return client;
}

/** A client stores, the server begins again, and another client fetches. @param keeps whether the value survives */
async function historyOfRestart(keeps: boolean): Promise<HistoryReport> {
  const first = await start();
  let address = { host: '127.0.0.1', port: first.port };
  using proxy = await RecordingProxy.before(() => address);
  const before = await openWorkspace(proxy);
  await before.ask(['store', 'w', 'v', '1', 'from before']);
  const since = proxy.recording.time;
  await first.close();
  await before.ended();
  const second = await start();
  address = { host: '127.0.0.1', port: second.port };
  proxy.recording.restarted(since);
  // Unrecorded: as if the server had kept the value.
  const aside = await openWorkspace(address);
  if (keeps) await aside.ask(['store', 'w', 'v', '1', 'from before']);
  const after = await openWorkspace(proxy);
  await after.ask(['store', 'w', 'v', '1', 'from after']);
  await after.ask(['fetchTry', 'w', 'v']);
  for (const client of [before, aside, after]) client.vanish();
  await second.close();
  return checkHistory(proxy.recording.operations(false));
}

describe('a history in which the server begins again', () => {
  it('is right if nothing is left of what was stored before', async () => {
    expect((await historyOfRestart(false)).violations).toEqual([]);
  });

  it('is wrong if a value from before is delivered', async () => {
    expect((await historyOfRestart(true)).violations).toMatchObject([
      { what: '"from before" was returned after a restart, before which it was stored' },
    ]);
  });
});

/** A client joins a barrier, something happens to the server, and another client joins and waits. */
function barrierAround(event: string | undefined, told: string): HistoryReport {
  const at = (who: string, verb: string, invoked: number, value?: string): Operation => ({
    who,
    verb,
    workspace: 'w',
    variable: 'v',
    ...(verb !== 'find' && value !== undefined && { value }),
    invoked,
    replied: invoked + 1,
    reply: { status: '0000', ...(verb === 'find' && { value: told }) },
  });
  return checkHistory([
    at('before', 'declare var', 0, '__barrier'),
    at('before', 'store', 10),
    ...(event === undefined ? [] : [{ who: '', verb: event, invoked: 20, replied: 30 }]),
    at('after', 'store', 40),
    at('after', 'find', 50),
  ]);
}

describe('a barrier in a history in which the server begins again with its data (D4)', () => {
  it('is right if the members of before have gone', () => {
    expect(barrierAround(RECOVERY, '1').violations).toEqual([]);
  });

  it('is wrong if one of them is still counted', () => {
    expect(barrierAround(RECOVERY, '2').violations).toMatchObject([
      { what: 'after was told that there were 2 members, not 1' },
    ]);
  });

  it('is wrong without that: a member that does not wait holds up the others', () => {
    expect(barrierAround(undefined, '1').violations).toMatchObject([
      { what: 'after was released while before had joined and did not wait' },
    ]);
  });
});

describe('a barrier in a history in which another server takes over (D13)', () => {
  it.each(['1', '2'])('is right if the members of before have gone, and if they have not: %s', (told) => {
    expect(barrierAround(TAKEOVER, told).violations).toEqual([]);
  });

  it('is wrong if more are counted than ever joined', () => {
    expect(barrierAround(TAKEOVER, '3').violations).toMatchObject([
      { what: 'after was told that there were 3 members, not 1 to 2' },
    ]);
  });
});

describe('a recorded history of a client that closes its connection', () => {
  it('has the end before what it leads to: the other member of a barrier is released (V12)', async () => {
    const server = await start();
    using proxy = await RecordingProxy.before(() => ({ host: '127.0.0.1', port: server.port }));
    const [leaver, stayer] = [await openWorkspace(proxy), await openWorkspace(proxy)];
    await leaver.ask(['declare var', 'w', 'v', '__barrier']);
    await leaver.ask(['store', 'w', 'v', '1', '']);
    await stayer.ask(['store', 'w', 'v', '1', '']);
    const { whenAnswered } = stayer.begin(['find', 'w', 'v']);
    leaver.vanish();
    expect((await whenAnswered).value).toBe('2');
    const operations = proxy.recording.operations(false);
    const closed = operations.find(({ verb }) => verb === 'close');
    const found = operations.find(({ verb }) => verb === 'find');
    expect(closed?.invoked).toBeLessThan(found?.replied ?? 0);
    stayer.vanish();
    await server.close();
  });
});
