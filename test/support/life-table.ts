import { expect, it } from 'vitest';
import { LifeCycle, LifeCycleTable } from '../../src/client/life-cycle.ts';

/** A state of a machine of the client: the events that lead to it, its tags, and what each event that it allows commands. */
export type LifeState<Type extends string, Command extends string, Tag extends string> = readonly [
  path: readonly Type[],
  expected: {
    readonly tags: readonly Tag[];
    readonly allowed: Partial<Record<Type, readonly Command[]>>;
  },
];

/** What all states of a machine have in common. */
interface LifeTable<Type extends string, Command extends string, Tag extends string> {
  readonly machine: ConstructorParameters<typeof LifeCycleTable>[0];
  readonly events: readonly Type[];
  readonly commands: readonly Command[];
  readonly tags: readonly Tag[];
  readonly states: readonly LifeState<Type, Command, Tag>[];
}

/** Tests the machine in each state with each event. An event that a state does not allow commands nothing. */
export function testLife<Type extends string, Command extends string, Tag extends string>({
  machine,
  events,
  commands,
  tags,
  states,
}: LifeTable<Type, Command, Tag>): void {
  const table = new LifeCycleTable(machine);
  /** The commands of the last event, and the tags afterwards. */
  const run = (path: readonly Type[]): { last: readonly Command[]; tags: readonly Tag[] } => {
    let last: Command[] = [];
    const notes = commands.map((command) => [command, () => void last.push(command)] as const);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each command is in the list
    const all = Object.fromEntries(notes) as Record<Command, () => void>;
    const life = new LifeCycle<{ type: Type }, Command, Tag>(table, all);
    for (const type of path) {
      last = [];
      life.send({ type });
    }
    return { last, tags: tags.filter((tag) => life.has(tag)) };
  };
  it.each(states)('after %j is %j', (path, expected) => {
    expect(run(path).tags).toEqual(expected.tags);
    for (const type of events)
      expect([type, run([...path, type]).last]).toEqual([type, expected.allowed[type] ?? []]);
  });
}
