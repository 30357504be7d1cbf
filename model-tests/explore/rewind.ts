import { Actor, StateMachine } from 'xstate';
import { CompiledActor } from '../../src/actors/actor.ts';
import { ChangeRecorder } from '../../src/store/change-recorder.ts';
import { Workspace } from '../../src/workspace/workspace.ts';
import { openField } from '../../test/support/open-fields.ts';

/** The contents of one object. */
type Saved =
  | {
      readonly kind: 'fields';
      readonly object: object;
      readonly names: readonly string[];
      readonly values: readonly unknown[];
    }
  | { readonly kind: 'array'; readonly object: unknown[]; readonly values: readonly unknown[] }
  | {
      readonly kind: 'map';
      readonly object: Map<unknown, unknown>;
      readonly values: readonly [unknown, unknown][];
    }
  | { readonly kind: 'set'; readonly object: Set<unknown>; readonly values: readonly unknown[] };

/** The contents of all objects of a world at one moment. */
export type Memory = readonly Saved[];

/** Snapshots and contexts are replaced and never modified, so only the fields of the actor itself change. */
const FIELDS_OF_ACTOR = ['_snapshot', '_processingStatus', '_doneEvent', 'mailbox'];
const FIELDS_OF_TABLE_ACTOR = ['$state', '$context', '$end', '$phase', '$events'];

/** Whether the object never changes after its creation, or is only used during a step. */
const isConstant = (object: object): boolean =>
  object instanceof StateMachine ||
  object instanceof ChangeRecorder ||
  Object.isFrozen(object) ||
  'descriptor' in object;

/**
 * Records the contents of every object that is reachable from some roots. The objects keep their identity, so that
 * references in closures stay valid. Objects that are reachable only through closures are not recorded; no part of a
 * job is one.
 */
export function remember(roots: readonly object[]): Memory {
  const seen = new Set<object>(roots);
  const found = [...roots];
  const memory: Saved[] = [];
  const meet = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    found.push(value);
  };
  for (let object = found.pop(); object !== undefined; object = found.pop()) {
    if (isConstant(object)) continue;
    if (Array.isArray(object)) {
      const values: unknown[] = object.slice();
      memory.push({ kind: 'array', object, values });
      for (const value of values) meet(value);
    } else if (object instanceof Map) {
      const values = [...(object as Map<unknown, unknown>)];
      memory.push({ kind: 'map', object, values });
      for (const [key, value] of values) {
        meet(key);
        meet(value);
      }
    } else if (object instanceof Set) {
      const values: unknown[] = [...object];
      memory.push({ kind: 'set', object, values });
      for (const value of values) meet(value);
    } else if (object instanceof Actor) {
      memory.push(fieldsOf(object, FIELDS_OF_ACTOR));
      meet(Reflect.get(object, 'observers'));
      for (const child of childrenOf(object)) meet(child);
    } else if (object instanceof CompiledActor) memory.push(fieldsOf(object, FIELDS_OF_TABLE_ACTOR));
    else if (object instanceof Workspace) {
      // The set of variables. The contents of job variables are reached through the job.
      const variables = openField<Map<unknown, unknown>>(object, 'variables', Map);
      memory.push(fieldsOf(object));
      memory.push({ kind: 'map', object: variables, values: [...variables] });
    } else {
      const saved = fieldsOf(object);
      memory.push(saved);
      for (const value of saved.values) meet(value);
    }
  }
  return memory;
}

/** The children that the actor spawned. Those of the crew are in tables of the job. */
function childrenOf(actor: object): unknown[] {
  const snapshot: unknown = Reflect.get(actor, '_snapshot');
  if (typeof snapshot !== 'object' || snapshot === null) return [];
  const children: unknown = Reflect.get(snapshot, 'children');
  return typeof children === 'object' && children !== null ? Object.values(children) : [];
}

/** @throws if the object has no such field any more */
function fieldsOf(object: object, names: readonly string[] = Object.keys(object)) {
  const values = names.map((name): unknown => {
    if (!(name in object)) throw new Error(`${object.constructor.name} has no open field ${name}`);
    return Reflect.get(object, name);
  });
  return { kind: 'fields' as const, object, names, values };
}

/** Restores the recorded contents. Objects that were created since become unreachable. */
export function rewind(memory: Memory): void {
  for (const saved of memory)
    switch (saved.kind) {
      case 'fields': {
        const { object, names, values } = saved;
        for (let n = 0; n < names.length; n++) {
          const name = names[n] ?? '';
          if (Reflect.get(object, name) !== values[n]) Reflect.set(object, name, values[n]);
        }
        break;
      }
      case 'array': {
        const { object, values } = saved;
        object.length = values.length;
        for (let n = 0; n < values.length; n++) object[n] = values[n];
        break;
      }
      case 'map':
        saved.object.clear();
        for (const [key, value] of saved.values) saved.object.set(key, value);
        break;
      case 'set':
        saved.object.clear();
        for (const value of saved.values) saved.object.add(value);
    }
}
