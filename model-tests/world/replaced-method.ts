/**
 * Replaces a method.
 * @param right calls the original method, with other arguments if given
 */
export type Faulty = (
  right: (...others: unknown[]) => unknown,
  self: object,
  args: readonly unknown[],
) => unknown;

/** Replaces a method until the result is disposed of. */
export function replacedMethod(prototype: object, method: string, fault: Faulty): Disposable {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== 'function') throw new Error(`there is no method ${method}`);
  Reflect.set(prototype, method, function faulty(this: object, ...args: unknown[]) {
    const right = (...others: unknown[]): unknown =>
      Reflect.apply(original, this, others.length > 0 ? others : args);
    return fault(right, this, args);
  });
  return { [Symbol.dispose]: () => void Reflect.set(prototype, method, original) };
}
