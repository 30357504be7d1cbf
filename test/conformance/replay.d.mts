/** A step of a conversation; README.md tells its form. */
export interface Step {
  on?: string;
  do: string;
  args?: string[];
  meta?: Readonly<Record<string, string>>;
  reply?: unknown;
}
/** A recorded conversation; README.md tells its form. */
export interface Case {
  name: string;
  steps: Step[];
}
interface ServerPlace {
  host: string;
  port: number;
}
export function replay(
  conversation: Case,
  server: ServerPlace,
): Promise<{ name: string; replies: number; differences: unknown[] }>;
/** Executes the steps; `onReply` gets each reply in the form that cases have. */
export function execute(
  conversation: Case,
  server: ServerPlace,
  onReply: (step: Step, reply: unknown) => void,
): Promise<void>;
