/** Mutants that no test can notice, because they make no difference that anybody could see: each with the reason. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  [
    'src/wire/dictionary.ts: boundary changed [>]: const cut = text.length > BOUNDS.metadataTextBytes.value ? text.slice(0, BOUNDS.metadataT…',
    'A text of exactly `metadataTextBytes` characters is cut to itself.',
  ],
  [
    'src/sleigh/crew.ts: number changed [0]: #changes = 0;',
    'The numbers of changes are only compared with each other.',
  ],
  [
    'src/sleigh/job-machines.ts: condition negated [isTraced]: const jobMachines = ({ isTraced }: { readonly isTraced: boolean }): JobMachines => isTrac…',
    'Each branch makes machines for the value of isTraced that it is called with. Only the name of the variable that keeps them differs.',
  ],
]);
