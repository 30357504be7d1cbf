import { describe, expect, it } from 'vitest';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';
import {
  clientSessionMachine,
  type ClientSessionCommand,
  type ClientSessionEvent,
  type ClientSessionTag,
} from '../../src/machines/pool/client-session.ts';

type Type = ClientSessionEvent['type'];
const EVENTS: readonly Type[] = [
  'connection.lost',
  'resumed',
  'gave.up',
  'get.withdrawn',
  'get.answered',
  'closed',
];
const ENDS = { 'gave.up': ['end'], closed: ['end'] } as const;

interface Expected {
  readonly tags: readonly ClientSessionTag[];
  readonly allowed: Partial<Record<Type, readonly ClientSessionCommand[]>>;
}

/** For each state: a path to it, its tags, the events that it allows, and what each commands. All others change nothing. */
const STATES: readonly (readonly [Type[], Expected])[] = [
  [
    [],
    {
      tags: ['connected'],
      allowed: { ...ENDS, 'connection.lost': ['connectAgain'], 'get.withdrawn': ['withdraw'] },
    },
  ],
  [['get.withdrawn'], { tags: ['connected'], allowed: { ...ENDS, 'connection.lost': ['end'] } }],
  [['connection.lost'], { tags: [], allowed: { ...ENDS, resumed: ['repeat'] } }],
  [['connection.lost', 'get.withdrawn'], { tags: [], allowed: { ...ENDS, resumed: ['repeat', 'withdraw'] } }],
  [['closed'], { tags: ['over'], allowed: {} }],
];

/** The commands of each event, and the tags afterwards. */
function run(events: readonly Type[]) {
  let latest: ClientSessionCommand[] = [];
  const note = (command: ClientSessionCommand) => (): void => void latest.push(command);
  const life = new LifeCycle<ClientSessionEvent, ClientSessionCommand, ClientSessionTag>(
    new LifeCycleTable(clientSessionMachine),
    {
      connectAgain: note('connectAgain'),
      repeat: note('repeat'),
      withdraw: note('withdraw'),
      end: note('end'),
    },
  );
  const commands = events.map((type) => {
    latest = [];
    life.send({ type });
    return latest;
  });
  const tags = (['connected', 'over'] as const).filter((tag) => life.has(tag));
  return { last: commands.at(-1) ?? [], tags };
}

describe('a session of a client (P15)', () => {
  it.each(STATES)('after %j is %j', (path, { tags, allowed }) => {
    expect(run(path).tags).toEqual(tags);
    for (const type of EVENTS) expect([type, run([...path, type]).last]).toEqual([type, allowed[type] ?? []]);
  });

  it('is as at the start when it has come back, and when the answer to a withdrawn get has come first', () => {
    expect(run(['connection.lost', 'resumed', 'connection.lost']).last).toEqual(['connectAgain']);
    expect(run(['get.withdrawn', 'get.answered', 'connection.lost']).last).toEqual(['connectAgain']);
    expect(run(['connection.lost', 'get.withdrawn', 'resumed', 'connection.lost']).last).toEqual(['end']);
  });
});
