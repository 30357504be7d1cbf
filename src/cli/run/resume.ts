/** The flags for the log. */
interface LogFlags {
  readonly joblog?: string;
  readonly resume?: true;
  readonly resumeFailed?: true;
}

/** Arguments that need no quotes in a shell. */
const PLAIN = /^[\w@%+=:,./-]+$/;

const quoted = (argument: string): string =>
  PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;

/**
 * @returns a sentence for people, and the command itself if there is one; the output must be appended to the existing
 *   output
 */
export function howToResume(
  { joblog, resume, resumeFailed }: LogFlags,
  args: readonly string[] = process.argv.slice(2),
): { readonly text: string; readonly command: string | null } {
  if (joblog === undefined) return { text: 'a run with --joblog FILE can be resumed', command: null };
  const isResumed = (resume ?? resumeFailed) === true;
  const command = ['sleigh', ...args, ...(isResumed ? [] : ['--resume'])].map(quoted).join(' ');
  return { text: `to go on, with the same input: ${command} >>OUTPUT`, command };
}
