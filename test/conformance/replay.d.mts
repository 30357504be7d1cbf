/** A recorded conversation; README.md tells its form. */
export interface Case {
  name: string;
  steps: unknown[];
}
export function replay(
  conversation: Case,
  server: { host: string; port: number },
): Promise<{ name: string; replies: number; differences: unknown[] }>;
