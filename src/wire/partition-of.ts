/** FNV-1a of 32 bits. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The partition that a workspace belongs to (D17). The data in a store depends on it, so it can never change.
 * @param workspace its name, each character of which is one byte
 * @returns a number below `partitions`
 */
export function partitionOf(workspace: string, partitions: number): number {
  let hash = OFFSET;
  for (let at = 0; at < workspace.length; at++)
    hash = Math.imul(hash ^ (workspace.charCodeAt(at) & 0xff), PRIME);
  return spread(hash) % partitions;
}

/** Names that differ in their last character only would otherwise have similar hashes. This is the end of MurmurHash3. */
function spread(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
