import { describe, expect, it } from 'vitest';
import { processors } from '../../src/cli/processors.ts';

/** @param files contents by path */
const of = (env: Record<string, string>, files: Record<string, string> = {}, available = 16): number =>
  processors({ env, read: (path) => files[path], available });

describe('the number of processors', () => {
  it('is that of the machine if nothing limits it', () => {
    expect([of({}), of({ NSLOTS: '64' }), of({ NSLOTS: '0', NCPUS: 'x' })]).toEqual([16, 16, 16]);
  });

  it.each([
    ['SLURM_CPUS_PER_TASK'],
    ['SLURM_CPUS_ON_NODE'],
    ['PBS_NCPUS'],
    ['NCPUS'],
    ['PBS_NUM_PPN'],
    ['NSLOTS'],
    ['LSB_DJOB_NUMPROC'],
  ])('is the number that the batch system sets in %s', (name) => expect(of({ [name]: '3' })).toBe(3));

  it('is that of one task if Slurm runs several tasks on a host', () => {
    expect(of({ SLURM_CPUS_ON_NODE: '8', SLURM_CPUS_PER_TASK: '2' })).toBe(2);
  });

  const UNIFIED = { '/proc/self/cgroup': '0::/user.slice/job.scope\n' };
  it.each([
    ['250000 100000', 3],
    ['50000 100000\n', 1],
    ['max 100000', 16],
  ])('is rounded up from the quota of its control group, %j', (quota, expected) => {
    expect(of({}, { ...UNIFIED, '/sys/fs/cgroup/user.slice/job.scope/cpu.max': quota })).toBe(expected);
  });

  it('is limited by the parent control groups, and by the root group, the only one visible in a container', () => {
    expect(of({}, { ...UNIFIED, '/sys/fs/cgroup/user.slice/cpu.max': '400000 100000' })).toBe(4);
    expect(of({}, { ...UNIFIED, '/sys/fs/cgroup/cpu.max': '200000 100000' })).toBe(2);
  });

  it.each(['cpu,cpuacct', 'cpu'])('is read from control groups of version 1 in %s, too', (folder) => {
    const files = (quota: string): Record<string, string> => ({
      '/proc/self/cgroup': '5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n',
      [`/sys/fs/cgroup/${folder}/cpu.cfs_quota_us`]: quota,
      [`/sys/fs/cgroup/${folder}/cpu.cfs_period_us`]: '100000',
    });
    expect([of({}, files('300000')), of({}, files('-1'))]).toEqual([3, 16]);
  });

  it('is the smallest of all limits', () => {
    const files = { ...UNIFIED, '/sys/fs/cgroup/cpu.max': '500000 100000' };
    expect([of({ NSLOTS: '4' }, files), of({ NSLOTS: '9' }, files), of({}, files, 2)]).toEqual([4, 5, 2]);
  });
});
