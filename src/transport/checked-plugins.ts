import type { AnyStateMachine } from 'xstate';
import type { JobMachines } from '../sleigh/job-machines.ts';
import type { JobPolicy } from '../sleigh/job-policy.ts';
import { flawOfMachine, jobMachinesWith, machinesOf, ROLES } from '../sleigh/policy-machines.ts';
import { plainError } from '../wire/error-kind.ts';
import { SERVER } from './errors.ts';
import type { JobPlugin } from './job-plugin.ts';

/** What the plugins of a server come to. */
export interface Plugins {
  readonly isListening: boolean;
  /** The machines of all jobs, if a plugin brings any. */
  readonly jobMachines: JobMachines | undefined;
  /** Those that the plugins bring, without actions. */
  readonly policyMachines: readonly AnyStateMachine[];
}

/** @throws Error if one of them is no plugin, or two have the same name */
export function checkedList(plugins: readonly JobPlugin[] = []): readonly JobPlugin[] {
  if (!Array.isArray(plugins)) throw plainError(SERVER.noPlugins(typeof plugins));
  const names = new Set<string>();
  for (const [at, plugin] of plugins.entries()) {
    const wrong =
      flawOf(plugin) ?? (names.has(plugin.name) ? `another one is called "${plugin.name}"` : undefined);
    if (wrong !== undefined) throw plainError(SERVER.badPlugin(at, wrong));
    names.add(plugin.name);
  }
  return plugins;
}

/** @throws Error if one of them is no plugin, two have the same name, or a policy cannot be used */
export function checkedPlugins(
  plugins: readonly JobPlugin[] | undefined,
  { isTraced }: { readonly isTraced: boolean },
): Plugins {
  const all = checkedList(plugins);
  const bringers = new Map<string, JobPlugin>();
  for (const [at, plugin] of all.entries()) {
    for (const role of ROLES) {
      if (plugin.policy?.[role] === undefined) continue;
      const other = bringers.get(role)?.name;
      if (other !== undefined)
        throw plainError(
          SERVER.badPlugin(at, `the plugin "${other}" has brought a machine for ${role} already`),
        );
      bringers.set(role, plugin);
    }
  }
  const policy: JobPolicy = Object.assign(
    {},
    ...[...bringers].map(([role, plugin]) => ({ [role]: Reflect.get(plugin.policy ?? {}, role) })),
  );
  const plugin = [...new Set(Array.from(bringers.values(), ({ name }) => name))].join(', ');
  return {
    isListening: all.some(({ onEvent }) => onEvent !== undefined),
    jobMachines: bringers.size === 0 ? undefined : jobMachinesWith(policy, { isTraced, plugin }),
    policyMachines: machinesOf(policy),
  };
}

function flawOf(plugin: unknown): string | undefined {
  if (typeof plugin !== 'object' || plugin === null) return `it is ${String(plugin)}`;
  const { name, onEvent, policy } = plugin as { readonly [Field in keyof JobPlugin]?: unknown };
  if (typeof name !== 'string' || name === '') return 'it has no `name`';
  if (onEvent !== undefined && typeof onEvent !== 'function') return '`onEvent` is no function';
  return policy === undefined ? undefined : flawOfPolicy(policy);
}

function flawOfPolicy(policy: unknown): string | undefined {
  if (typeof policy !== 'object' || policy === null) return '`policy` is no object';
  const stranger = Object.keys(policy).find((role) => !ROLES.some((known) => known === role));
  if (stranger !== undefined) return `\`policy\` has a role "${stranger}"; the roles are ${ROLES.join(', ')}`;
  for (const role of ROLES) {
    const machine: unknown = Reflect.get(policy, role);
    if (machine === undefined) continue;
    const wrong = flawOfMachine(role, machine);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
