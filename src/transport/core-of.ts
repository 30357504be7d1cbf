import { Core } from '../core/core.ts';
import type { EndedJob } from '../sleigh/ended-job.ts';
import type { JobEvent } from '../sleigh/job-event.ts';
import { sleighPlugin } from '../sleigh/plugin.ts';
import { DEFAULT_OPTIONS } from '../sleigh/options.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { withDefaults } from '../wire/with-defaults.ts';
import type { SyncMode } from './sync-modes.ts';
import { checkedPlugins } from './checked-plugins.ts';
import type { Edge } from './edge.ts';
import type { Gate } from './gate.ts';
import type { TcpOptions } from './tcp-options.ts';

/** What is only known when the server starts. */
interface Start {
  readonly gate: Gate;
  /** The port of the web page, for the handshake (P2.1). */
  readonly webPort: number | undefined;
  readonly edge: Pick<Edge, 'newRun' | 'others' | 'part'>;
  /** How the store commits, if there is one (D2). */
  readonly sync: SyncMode | undefined;
}

/** The core of a server with these options. */
export function coreOf(options: TcpOptions, { gate, webPort, edge, sync }: Start): Core {
  // Only the page shows jobs that have ended.
  const keep = webPort === undefined ? undefined : (job: EndedJob) => core.command({ type: 'keepJob', job });
  const isTraced = options.trace !== undefined;
  const { isListening, jobMachines, policyMachines } = checkedPlugins(options.plugins, { isTraced });
  const onEvent = isListening ? (event: JobEvent) => core.command({ type: 'jobEvent', event }) : undefined;
  const hooks = { onEnd: keep, onEvent };
  const core: Core = new Core({
    limits: withDefaults(DEFAULT_LIMITS, options.limits),
    plugins: new Map([
      ['sleigh', sleighPlugin(withDefaults(DEFAULT_OPTIONS, options.sleigh), jobMachines, hooks)],
      ...Object.entries(options.workspaceTypes ?? {}),
    ]),
    tls: options.tls === undefined ? 'none' : gate.asksForCertificate ? 'required' : 'offered',
    ...(gate.admission.asksForToken && { admits: gate.admits, nonceOf: gate.nonceOf }),
    mayBeStopped: options.deadman,
    webPort,
    run: edge.newRun(),
    traces: isTraced,
    policyMachines,
    verifies: options.verify === true,
    isStored: sync !== undefined,
    durability: sync,
    others: edge.others,
    part: edge.part,
  });
  return core;
}
