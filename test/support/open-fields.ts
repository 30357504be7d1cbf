/**
 * A plugin for vite that makes the private fields of the server ordinary ones (`#queue` becomes `$queue`).
 *
 * Private fields cannot be read from outside, by design. Tests need them to see what the server still holds when
 * nobody is there, what its memory adds up to, and in which state the explored job is. Nothing writes them, except
 * tests that plant a fault. Everything else about the sources stays as it is.
 */
export function openFields() {
  return {
    name: 'open-fields',
    enforce: 'pre' as const,
    transform: (code: string, id: string) =>
      /\/src\/((core|sleigh|transport|wire|workspace)\/[\w-]+|actors\/actor)\.ts$/.test(id)
        ? { code: withOpenFields(code), map: null }
        : undefined,
  };
}

/** The same code with ordinary fields in place of private ones. */
export const withOpenFields = (code: string): string => code.replaceAll(/(?<!['"`\w])#(?=[a-z])/g, '$');

/**
 * @param kind what the field is an instance of
 * @throws when the sources were not loaded through the plugin, or there is no such field any more
 */
export function openField<Kind>(
  object: object,
  name: string,
  kind: abstract new (...args: never[]) => Kind,
): Kind {
  const field = `$${name}`;
  if (Reflect.get(object, field) instanceof kind) return Reflect.get(object, field);
  throw new Error(`${object.constructor.name} has no open field ${name} that is a ${kind.name}`);
}
