/**
 * What came over the wire, as the type that the program says it has: nothing there can check it. Every such claim of the
 * client goes through here.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- that is what a claim is
export function unsafeCast<T>(value: unknown): T;
export function unsafeCast(value: unknown): unknown {
  return value;
}
