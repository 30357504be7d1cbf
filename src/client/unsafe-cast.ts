/**
 * Casts a value from the wire to the type that the program states, which cannot be checked. Every such cast of the
 * client uses this function.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- that is what a claim is
export function unsafeCast<T>(value: unknown): T;
export function unsafeCast(value: unknown): unknown {
  return value;
}
