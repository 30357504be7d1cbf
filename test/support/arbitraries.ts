import fc from 'fast-check';

/** A byte string with any content, as Latin-1. */
export const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array).toString('latin1'));

export const metadata: fc.Arbitrary<Map<string, string>> = fc
  .array(fc.tuple(bytes(12), bytes(30)), { maxLength: 4 })
  .map((entries) => new Map(entries));

/** Cuts bytes into chunks: of one byte each, or at any positions. */
export const chunking: fc.Arbitrary<(bytes: string) => Buffer[]> = fc
  .oneof(fc.constant([1]), fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 8 }))
  .filter((sizes) => sizes.some((size) => size > 0))
  .map((sizes) => (text) => {
    const chunks: Buffer[] = [];
    for (let at = 0, n = 0; at < text.length; n++) {
      const size = sizes[n % sizes.length] ?? 1;
      chunks.push(Buffer.from(text.slice(at, at + size), 'latin1'));
      at += size;
    }
    return chunks;
  });
