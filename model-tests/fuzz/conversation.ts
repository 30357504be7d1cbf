import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import type { Random } from '../world/random.ts';

/** One part of what a client sends: a greeting, options, a request. Latin-1. */
export type Frame = string;

const WORKSPACES = ['a', 'b', '__default', 'job', 'job 2', ''] as const;
const VARIABLES = [
  'x',
  'y',
  'task',
  'result',
  'broadcast',
  'worker_ids',
  'sentinel_alive',
  'status',
  'waitForWorkers',
  'workerCount',
  'jobStatus',
  'fixedargID',
  'Sleigh ride over',
  'worker_dead',
  'agentStatus',
  'scoreboard',
  'join_status',
  '\xff\x00\n',
] as const;
const MODES = ['fifo', 'lifo', 'single', 'multi', '__time', '__barrier', 'custom', 'nothing'] as const;
const NUMBERS = ['0', '1', '2', '-1', ' 3 ', '3.5', '', 'x', '99999999999999999999', 'NaN', '1e3'] as const;
const GETS = [
  'find',
  'findTry',
  'fetch',
  'fetchTry',
  'ifind',
  'ifindTry',
  'ifetch',
  'ifetchTry',
  'fetchTry',
  'findTry',
] as const;
const OPTIONS = ['MetadataToServer', 'MetadataFromServer', 'NwsWebPort', 'SSL', 'Sauna'] as const;
const METADATA: readonly [[string, string], ...[string, string][]] = [
  ['batchId', 'b1'],
  ['batchId', ''],
  ['all', '1'],
  ['delay', '0.5'],
  ['delay', 'soon'],
  ['rankCount', '3'],
  ['onDeadWorker', 'requeue'],
  ['onDeadWorker', 'null'],
  ['maxAttempts', '2'],
  ['sentinelRefreshPeriod', '5'],
  ['nwsReason', 'mine'],
];

/** The state of one conversation: the choices of its client so far. */
interface Manners {
  sendsMetadata: boolean;
}

/** A random conversation as clients have it: mostly valid, sometimes with an invalid number. */
export function conversation(random: Random): Frame[] {
  const manners: Manners = { sendsMetadata: false };
  const frames = greeting(random, manners);
  const opened = random.pick(...WORKSPACES);
  frames.push(opening(random, manners, opened));
  for (let n = random.whole(0, 14); n > 0; n--) frames.push(request(random, manners, opened));
  return frames;
}

function greeting(random: Random, manners: Manners): Frame[] {
  if (random.chance(0.2)) return [random.pick('0000', '1111', '2222', '    ')];
  const wanted = new Map<string, string>();
  if (random.chance(0.8)) wanted.set('MetadataToServer', '1');
  if (random.chance(0.8)) wanted.set('MetadataFromServer', '1');
  if (random.chance(0.03)) wanted.set(random.pick(...OPTIONS), random.pick('', '0', '1', '2'));
  manners.sendsMetadata = wanted.get('MetadataToServer') === '1';
  return ['X000', `R000${encodeDictionary(wanted)}`];
}

const metadataFor = (random: Random, { sendsMetadata }: Manners, always: [string, string][] = []) => {
  if (!sendsMetadata) return undefined;
  const entries = new Map<string, string>(always);
  for (let n = random.whole(-2, 2); n > 0; n--) entries.set(...random.pick(...METADATA));
  return entries;
};

function opening(random: Random, manners: Manners, name: string): Frame {
  const isJob = name.startsWith('job');
  const verb = random.pick('open ws', 'open ws', 'use ws');
  const metadata = metadataFor(random, manners, isJob ? [['wstype', 'sleigh']] : []);
  return encodeRequest([verb, name, 'fuzz', random.pick('no', 'no', 'yes')], metadata);
}

function request(random: Random, manners: Manners, opened: string): Frame {
  const workspace = random.chance(0.9) ? opened : random.pick(...WORKSPACES);
  const variable = random.pick(...VARIABLES);
  const metadata = metadataFor(random, manners);
  const args = ((): string[] => {
    switch (random.whole(0, 11)) {
      case 0:
        return ['declare var', workspace, variable, random.pick(...MODES)];
      case 1:
        return random.pick(['delete var', workspace, variable], ['list vars', workspace]);
      case 2:
        return random.pick(
          ['list wss'],
          ['list wss', workspace],
          ['mktemp ws', random.pick('%d', 'x', '%9999d')],
        );
      case 3:
        return random.pick(
          ['delete ws', workspace],
          ['use ws', workspace, 'me', 'no', random.pick('yes', 'no')],
        );
      case 4:
        return [random.pick('deadman', 'sauna', ''), workspace];
      case 5:
      case 6:
      case 7:
        return ['store', workspace, variable, random.pick('1', '3', ...NUMBERS), value(random)];
      default:
        return [random.pick(...GETS), workspace, variable, ...iteration(random)];
    }
  })();
  return encodeRequest(args, metadata);
}

const iteration = (random: Random): string[] =>
  random.chance(0.7) ? [] : [random.pick('', 'run700000000000000001', 'run7'), random.pick(...NUMBERS)];

function value(random: Random): string {
  if (random.chance(0.7)) return random.pick(...NUMBERS);
  return 'v'.repeat(random.pick(0, 100, 4_096, 4_097, 7_999, 8_000, 20_000, 30_000));
}
