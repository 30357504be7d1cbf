import type { SequenceDiagram, SequenceStep } from './sequence.ts';

/** Characters that Mermaid reads as its own; it takes their numbers instead. */
const RESERVED = /[#;<>%]/g;
const BROKEN = 'rect rgb(255, 205, 205)';

/** The diagram as the text of a Mermaid `sequenceDiagram`. */
export function sequenceMermaid({ title, parties, steps }: SequenceDiagram): string {
  const ids = new Map(parties.map((party, n) => [party, `p${n}`]));
  const idOf = (party: string): string => ids.get(party) ?? 'p0';
  const lineOf = (step: SequenceStep): string =>
    'on' in step
      ? `Note over ${idOf(step.on)}: ${legal(step.text)}`
      : `${idOf(step.from)}${step.isReply === true ? '-->>' : '->>'}${idOf(step.to)}: ${legal(step.text)}`;
  return [
    'sequenceDiagram',
    `  title ${legal(title)}`,
    ...parties.map((party) => `  participant ${idOf(party)} as ${legal(party)}`),
    ...steps.flatMap((step) =>
      step.isBroken === true ? [`  ${BROKEN}`, `    ${lineOf(step)}`, '  end'] : [`  ${lineOf(step)}`],
    ),
    '',
  ].join('\n');
}

const legal = (text: string): string =>
  text
    .replace(RESERVED, (character) => `#${character.charCodeAt(0)};`)
    .replace(/\s+/g, ' ')
    .trim() || ' ';
