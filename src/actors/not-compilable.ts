import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A machine uses a feature outside of the compiled subset (docs/decisions/0004). */
export class NotCompilableError extends Error {
  override readonly name = 'NotCompilableError';

  /**
   * @param state its path, in the form of `stateName`
   * @param feature what is refused, after "uses"
   */
  constructor(machine: AnyStateMachine, state: string, feature: string) {
    super(
      `The machine "${machine.id}" cannot be compiled: ${state} uses ${feature}. ` +
        'Do without it, or leave this machine to XState: use it without `compiled`.',
    );
  }
}

/** @returns such as `the state "registered.busy"` */
export const stateName = ({ path }: AnyStateNode): string =>
  path.length === 0 ? 'the root' : `the state "${path.join('.')}"`;
