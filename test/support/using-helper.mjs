// What `using` and `await using` become in modules that are built one by one: `u` and `a` note a value, `d` disposes of all of
// them, the last first. `e` is what the block has thrown.
const NOTHING = Symbol('nothing was thrown');

export default function usingContext() {
  const values = [];
  const add = (value, dispose, isAsync) => {
    if (typeof value?.[dispose] === 'function') values.push({ value, dispose });
    else if (value !== null && value !== undefined) throw new TypeError('The value is not disposable.');
    context.isAsync ||= isAsync;
    return value;
  };
  const suppress = (error) => {
    context.e =
      context.e === NOTHING ? error : new AggregateError([error, context.e], 'A disposal failed as well.');
  };
  const end = () => {
    if (context.e !== NOTHING) throw context.e;
  };
  const context = {
    e: NOTHING,
    isAsync: false,
    u: (value) => add(value, Symbol.dispose, false),
    a: (value) => add(value, value?.[Symbol.asyncDispose] ? Symbol.asyncDispose : Symbol.dispose, true),
    d: () => (context.isAsync ? disposeAsync() : disposeNow()),
  };
  const disposeNow = () => {
    for (const { value, dispose } of values.toReversed())
      try {
        value[dispose]();
      } catch (error) {
        suppress(error);
      }
    end();
  };
  const disposeAsync = async () => {
    for (const { value, dispose } of values.toReversed())
      try {
        await value[dispose]();
      } catch (error) {
        suppress(error);
      }
    end();
  };
  return context;
}
