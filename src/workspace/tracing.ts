/**
 * Returns the inspector for all actors of one scope (a sleigh, a connection). It accepts XState's InspectionEvent.
 * The type does not say so, because programs that use this package compile these types without those of XState.
 */
export type Tracer = (scope: string) => (inspected: never) => void;
