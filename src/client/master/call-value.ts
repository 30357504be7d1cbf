import {
  callValueMachine,
  type CallValueCommand,
  type CallValueEvent,
  type CallValueTag,
} from '../../machines/pool/call-value.ts';
import { TASK } from '../errors/job.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';
import { failed, failureOf } from '../task/outcome.ts';
import { readable } from '../values/values.ts';
import type { LeftValue, LeftValues } from './left-values.ts';

const TABLE = new LifeCycleTable(callValueMachine);

/** The element of a call: a value, or one that is at the server. */
export type CallElement = { readonly value: unknown } | { readonly left: LeftValue };

/** The promise of a call of `submit`. It knows when the program awaits it, or another call takes it. */
export class SubmittedCall extends Promise<unknown> {
  readonly call: CallValue;

  constructor(call: CallValue, executor: ConstructorParameters<typeof Promise<unknown>>[0]) {
    super(executor);
    this.call = call;
  }

  /** What `then` returns is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.call.awaited();
    return super.then(onValue, onError);
  }

  /** As `then`, but the program does not await it. */
  whenSettled(onValue: (value: unknown) => void, onError: (reason: unknown) => void): void {
    void super.then(onValue, onError);
  }
}

/** The value of one call of `submit`, which may stay at the server. See machines/pool/call-value. */
export class CallValue {
  readonly promise: SubmittedCall;
  readonly #values: LeftValues;
  readonly #left: LeftValue;
  readonly #life: LifeCycle<CallValueEvent, CallValueCommand, CallValueTag>;
  #resolve: (value: unknown) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  /** Calls that wait for this element. */
  #takers: ((element: CallElement) => void)[] = [];
  /** The number of the call among those of its function. */
  #index = 0;

  constructor(values: LeftValues) {
    this.#values = values;
    this.#left = values.next();
    this.#life = new LifeCycle<CallValueEvent, CallValueCommand, CallValueTag>(TABLE, {
      fetchValue: () => void this.#fetch(),
    });
    this.promise = new SubmittedCall(this, (resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The value that a call of the same master has or will have; undefined for any other element. */
  static of(element: unknown, values: LeftValues): CallValue | undefined {
    if (!(element instanceof SubmittedCall)) return undefined;
    const { call } = element;
    return call.#values === values ? call : undefined;
  }

  /** The program awaits the promise. */
  awaited(): void {
    this.#life.send({ type: 'awaited' });
  }

  /**
   * The task of the call is sent.
   * @param index the number of the call
   * @returns the variable in which its value is to stay, if it is
   */
  sent(index: number): string | undefined {
    this.#index = index;
    const variable = this.#life.has('leaves') ? this.#left.variable : undefined;
    this.#life.send({ type: 'sent' });
    return variable;
  }

  /**
   * Another call takes it as its element, until `release`.
   * @throws the reason why there is no value
   */
  take(): Promise<CallElement> {
    this.#values.use(this.#left);
    this.#life.send({ type: 'taken' });
    return new Promise((resolve, reject) => {
      if (this.#left.bytes > 0) resolve({ left: this.#left });
      else this.#takers.push(resolve);
      this.promise.whenSettled((value) => resolve({ value }), reject);
    });
  }

  release(): void {
    this.#values.release(this.#left);
  }

  /** The value is at the server. */
  left(bytes: number): void {
    this.#values.add(this.#left, bytes, this.promise);
    for (const resolve of this.#takers) resolve({ left: this.#left });
    this.#takers = [];
    this.#life.send({ type: 'left' });
  }

  resolve(value: unknown): void {
    this.#life.send({ type: 'settled' });
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    this.#life.send({ type: 'settled' });
    this.#reject(reason);
  }

  async #fetch(): Promise<void> {
    try {
      const found = await this.#values.find(this.#left);
      if (found === undefined)
        return this.reject(failed(this.#index, failureOf(TASK.dropped(this.#left.bytes))).error);
      this.resolve(readable(found.value));
    } catch (error) {
      this.reject(error);
    } finally {
      this.#values.letGo(this.#left);
    }
  }
}
