import { describe, expect, it } from 'vitest';
import { localityByHost, requeueWithBackoff, speculativeCopies } from '../../src/sleigh/ready-policies.ts';
import { checkedPlugins } from '../../src/transport/checked-plugins.ts';
import type { JobPlugin } from '../../src/transport/job-plugin.ts';

const check = (...plugins: JobPlugin[]) => checkedPlugins(plugins, { isTraced: false });

/** One whose types the compiler would refuse. */
function wrong(policy: unknown): JobPlugin {
  const plugin: JobPlugin = { name: 'a' };
  Reflect.set(plugin, 'policy', policy);
  return plugin;
}

describe('the policies of the plugins of a server (S30.3)', () => {
  it('are those of all of them together, each of which is named once', () => {
    const recovery = requeueWithBackoff({ firstMilliseconds: 1 });
    const stragglers = speculativeCopies();
    const placement = localityByHost();
    const { isListening, jobMachines, policyMachines } = check(
      { name: 'a', policy: { ...recovery, ...placement } },
      { name: 'b', policy: stragglers, onEvent: () => undefined },
    );
    expect([isListening, jobMachines?.policyBy]).toEqual([true, 'a, b']);
    const ids = [recovery.recovery, stragglers.stragglers, placement.placement].map((machine) => machine?.id);
    expect(ids).not.toContain(undefined);
    expect(policyMachines.map(({ id }) => id)).toEqual(ids);
    expect(
      [jobMachines?.recovery, jobMachines?.stragglers, jobMachines?.placement].map((each) => each?.id),
    ).toEqual(ids);
    expect(check({ name: 'c', policy: recovery }).jobMachines?.recovery.id).toBe(ids[0]);
  });

  it('are the usual ones if no plugin brings any', () => {
    expect(check({ name: 'a' })).toEqual({ isListening: false, jobMachines: undefined, policyMachines: [] });
    expect(check({ name: 'a', policy: {} }).jobMachines).toBeUndefined();
  });

  it('have at most one machine for each role', () => {
    const policy = speculativeCopies();
    expect(() => check({ name: 'a', policy }, { name: 'b' }, { name: 'c', policy })).toThrow(
      'plugin 2 cannot be used: the plugin "a" has brought a machine for stragglers already',
    );
  });

  it.each([
    [7, '`policy` is no object'],
    [null, '`policy` is no object'],
    [
      { recoverie: undefined },
      '`policy` has a role "recoverie"; the roles are recovery, stragglers, placement',
    ],
    [{ placement: {} }, 'its policy for placement is no machine of XState'],
  ])('are refused if they are %j', (policy, why) => {
    expect(() => check(wrong(policy))).toThrow(`plugin 0 cannot be used: ${why}`);
  });
});
