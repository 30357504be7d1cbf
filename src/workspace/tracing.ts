import type { InspectionEvent } from 'xstate';

/** Gives what listens to all actors of one scope (a sleigh, a connection), when somebody wants to know. */
export type Tracer = (scope: string) => (inspected: InspectionEvent) => void;

/** The option of `createActor` that lets a tracer listen, if there is one. */
export const inspectedBy = (tracer: Tracer | undefined, scope: string) =>
  tracer === undefined ? {} : { inspect: tracer(scope) };
