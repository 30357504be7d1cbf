import type { InspectionEvent } from 'xstate';
import type { Tracer } from './tracing.ts';

/** The option of `createActor` for a tracer, if there is one. */
export function inspectedBy(
  tracer: Tracer | undefined,
  scope: string,
): { readonly inspect?: (inspected: InspectionEvent) => void } {
  if (tracer === undefined) return {};
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every tracer takes these events
  return { inspect: tracer(scope) as (inspected: InspectionEvent) => void };
}
