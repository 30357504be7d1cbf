/** What the flags say about a log. */
interface LogFlags {
  readonly joblog?: string;
  readonly resume?: true;
  readonly resumeFailed?: true;
}

/** Arguments that a shell takes as they are. */
const PLAIN = /^[\w@%+=:,./-]+$/;

const quoted = (argument: string): string =>
  PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;

/** @returns for people, and the command alone where there is one; the output is to be appended to that which is there */
export function howToResume(
  { joblog, resume, resumeFailed }: LogFlags,
  args: readonly string[] = process.argv.slice(2),
): { readonly text: string; readonly command: string | null } {
  if (joblog === undefined) return { text: 'a run with --joblog FILE can be resumed', command: null };
  const isResumed = (resume ?? resumeFailed) === true;
  const command = ['sleigh', ...args, ...(isResumed ? [] : ['--resume'])].map(quoted).join(' ');
  return { text: `to go on, with the same input: ${command} >>OUTPUT`, command };
}
