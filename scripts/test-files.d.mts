/** Described in test-files.mjs. */
export function testFiles(): { readonly inFull: readonly string[]; readonly withForms: readonly string[] };
