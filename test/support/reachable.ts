import { StateMachine, Actor } from 'xstate';

/** An object, and the way to it: the object that refers to it, and by what. */
export interface Found {
  readonly object: object;
  readonly from: Found | undefined;
  /** The name of a field, or `[]` for an element of a collection. */
  readonly by: string;
}

/** The way to an object as a text, such as `Core.$connections.[]`. */
export function pathTo(found: Found): string {
  const { object, from, by } = found;
  return from === undefined ? object.constructor.name : `${pathTo(from)}.${by}`;
}

/** Definitions, which are the same for all servers, and actors of XState, which have one of another kind beside them. */
const isDefinition = (object: object): boolean =>
  object instanceof StateMachine || object instanceof Actor || ArrayBuffer.isView(object);

/**
 * All objects that can be reached, each once, by a shortest way. Functions are not entered, so what only a function has
 * captured is not seen. The sources must be loaded with `openFields`.
 * @param enters whether to go on from an object
 */
export function reachable(root: object, enters: (found: Found) => boolean = () => true): readonly Found[] {
  const seen = new Set<object>([root]);
  const all: Found[] = [{ object: root, from: undefined, by: '' }];
  // What is met is visited in its turn.
  for (const from of all) {
    const { object } = from;
    if (isDefinition(object) || !enters(from)) continue;
    const meet = (by: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      all.push({ object: value, from, by });
    };
    if (object instanceof Map)
      for (const [key, value] of object as ReadonlyMap<unknown, unknown>) {
        meet('[]', key);
        meet('[]', value);
      }
    else if (object instanceof Set || Array.isArray(object))
      for (const value of object as Iterable<unknown>) meet('[]', value);
    else for (const name of Object.keys(object)) meet(name, Reflect.get(object, name));
  }
  return all;
}

/** The number of elements of each collection that has any, by the way to it. */
export function collectionsOf(root: object, enters?: (found: Found) => boolean): Map<string, number> {
  const sizes = new Map<string, number>();
  const count = (path: string, size: number): void => void sizes.set(path, (sizes.get(path) ?? 0) + size);
  for (const found of reachable(root, enters)) {
    const { object } = found;
    if (object instanceof Map || object instanceof Set) count(pathTo(found), object.size);
    // A Denque keeps its free places in an array.
    else if (Array.isArray(object)) count(pathTo(found), object.filter((each) => each !== undefined).length);
    else if ('head' in object && 'length' in object) count(pathTo(found), Number(object.length));
  }
  return sizes;
}
