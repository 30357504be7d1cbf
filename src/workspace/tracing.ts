/**
 * Gives what listens to all actors of one scope (a sleigh, a connection), when somebody wants to know. It takes XState's
 * InspectionEvent; that is not said here, because programs that use this package compile these types without XState's.
 */
export type Tracer = (scope: string) => (inspected: never) => void;
