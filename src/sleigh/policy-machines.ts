import { createMachine, type AnyStateMachine } from 'xstate';
import { compiled } from '../actors/compiled.ts';
import { connectionMachine } from '../machines/connection.ts';
import { RECOVERY_COMMANDS } from '../machines/policies/recovery-setup.ts';
import type { PlacementMachine } from '../machines/policies/locality.ts';
import { PLACEMENT_COMMANDS } from '../machines/policies/placement-setup.ts';
import type { StragglersMachine } from '../machines/policies/speculation.ts';
import { STRAGGLERS_COMMANDS } from '../machines/policies/stragglers-setup.ts';
import { sessionMachine } from '../machines/session.ts';
import { valueLeaseMachine } from '../machines/value-lease.ts';
import type { RecoveryMachine } from '../machines/policies/recovery.ts';
import { BOUND, makeJobMachines, type JobMachines } from './job-machines.ts';
import type { JobPolicy, PolicyMachine } from './job-policy.ts';
import { isObject } from '../wire/json-fields.ts';
import { reasonOf } from '../wire/error-kind.ts';
import { bindPlacement, bindRecovery, bindStragglers } from './policy-binding.ts';

/** What the machine of each role may command. */
const COMMANDS = {
  recovery: RECOVERY_COMMANDS,
  stragglers: STRAGGLERS_COMMANDS,
  placement: PLACEMENT_COMMANDS,
};
export type PolicyRole = keyof typeof COMMANDS;
export const ROLES: readonly PolicyRole[] = ['recovery', 'stragglers', 'placement'];

/** The machines of a policy, which do nothing yet: for the check of traces, and for drawings. */
export function machinesOf(policy: JobPolicy): AnyStateMachine[] {
  return ROLES.flatMap((role) => {
    const machine = policy[role];
    return machine === undefined ? [] : [madeHere(role, machine)];
  });
}

/** The machines of the jobs of a server with that policy. @param plugin the name of the plugin, for the log */
export const jobMachinesWith = (
  policy: JobPolicy,
  options: { readonly isTraced: boolean; readonly plugin: string },
): JobMachines => {
  const { recovery, stragglers, placement } = policy;
  return {
    ...makeJobMachines(options, {
      ...(recovery && { recovery: bindRecovery(asRecovery(madeHere('recovery', recovery))) }),
      ...(stragglers && {
        stragglers: bindStragglers(asStragglers(madeHere('stragglers', stragglers))),
      }),
      ...(placement && { placement: bindPlacement(asPlacement(madeHere('placement', placement))) }),
    }),
    policyBy: options.plugin,
  };
};

// The types of the machine of a plugin are checked when it is made.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it gets the events of the role, and commands its commands
const asRecovery = (machine: AnyStateMachine): RecoveryMachine => machine as RecoveryMachine;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
const asStragglers = (machine: AnyStateMachine): StragglersMachine => machine as StragglersMachine;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
const asPlacement = (machine: AnyStateMachine): PlacementMachine => machine as PlacementMachine;

/** Makes the machine again, because its plugin may have another copy of XState. */
function madeHere(role: PolicyRole, { config, implementations }: PolicyMachine): AnyStateMachine {
  const { actions, ...others }: { readonly actions?: object } = implementations;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a machine has as its implementations is what one is made with
  return createMachine(config, { ...others, actions: { ...actions, ...COMMANDS[role] } } as never);
}

/** @returns why the machine of a plugin cannot be used for the role, or undefined */
export function flawOfMachine(role: PolicyRole, machine: unknown): string | undefined {
  if (!isPolicyMachine(machine)) return `its policy for ${role} is no machine of XState`;
  const reserved = [...Object.values(BOUND), connectionMachine, sessionMachine, valueLeaseMachine].map(
    ({ id }) => id,
  );
  if (reserved.includes(machine.id)) return `the server has a machine "${machine.id}" itself`;
  try {
    const made = madeHere(role, machine);
    const unknown = namesIn(made).find((name) => !(name in made.implementations.actions));
    if (unknown !== undefined)
      return `the machine "${machine.id}" commands "${unknown}"; the commands for ${role} are ${Object.keys(COMMANDS[role]).join(', ')}`;
    compiled(made);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

const isPolicyMachine = (machine: unknown): machine is PolicyMachine =>
  isObject(machine) &&
  typeof machine['id'] === 'string' &&
  isObject(machine['config']) &&
  isObject(machine['implementations']);

/** The names of the actions of a machine. */
function namesIn(machine: AnyStateMachine): string[] {
  const nodes: AnyStateMachine['root'][] = [machine.root];
  for (const node of nodes) nodes.push(...Object.values(node.states));
  return nodes.flatMap((node) =>
    [node.entry, node.exit, ...[...node.transitions.values()].flat().map(({ actions }) => actions)].flatMap(
      (actions) =>
        actions.flatMap((action: unknown) => {
          if (typeof action === 'string') return action;
          const isNamed = typeof action === 'object' && action !== null && 'type' in action;
          return isNamed ? String(action.type) : [];
        }),
    ),
  );
}
