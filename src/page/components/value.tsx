import type { ValueView } from '../../views/types.ts';
import { saveFile } from '../lib/save-file.ts';
import { bytes } from '../lib/format.ts';

const KINDS: Readonly<Record<ValueView['kind'], string>> = {
  text: 'text',
  json: 'JSON',
  number: 'number',
  bytes: 'bytes',
  'python pickle': 'Python pickle',
  'r serialization': 'R serialization',
  'java serialization': 'Java serialization',
  graph: 'JavaScript value',
  chunk: 'chunk of values',
  foreign: 'foreign',
};

/** One line of a value, for a table. */
export function ValuePreview({ value, values }: { value: ValueView | undefined; values: number }) {
  if (value === undefined)
    return <span class="faint">{values > 0 ? 'created when it is read' : 'no value'}</span>;
  const text = value.babelfish ?? value.text;
  return (
    <span class="preview">
      <span class="value-kind">{KINDS[value.kind]}</span>{' '}
      {text === undefined ? (
        <span class="faint">{bytes(value.size)}</span>
      ) : (
        <code>{text.slice(0, 120)}</code>
      )}
    </span>
  );
}

interface ValueProps {
  readonly value: ValueView;
  readonly label: string;
  /** The path of its bytes, if they can be downloaded. */
  readonly bytesAt?: string;
}

/** Everything that is known about a value. */
export function Value(props: ValueProps) {
  const { value, label, bytesAt } = props;
  const { kind, maker, descriptor, size, text, hex, isCut, babelfish, metadata } = value;
  const entries = Object.entries(metadata);
  const shown = babelfish ?? text;
  return (
    <article class="value" aria-label={label}>
      <header class="value-head">
        <span class="value-number">{label}</span>
        <span class="value-kind">{KINDS[kind]}</span>
        <span>{bytes(size)}</span>
        {maker !== '' && <span>from {maker}</span>}
        <span class="faint">descriptor {descriptor}</span>
        <span class="value-tools">
          {shown !== undefined && shown !== '' && (
            <>
              <button type="button" onClick={() => void navigator.clipboard?.writeText(shown)}>
                Copy
              </button>
              <button type="button" onClick={() => saveFile(`${label}.txt`, 'text/plain', [shown])}>
                Download as text
              </button>
            </>
          )}
          {bytesAt !== undefined && (
            <a class="button" href={bytesAt} download={`${label}.bin`}>
              Download bytes
            </a>
          )}
        </span>
      </header>
      {babelfish !== undefined && (
        <Content label={`${label}, as text from its babelfish`}>{babelfish}</Content>
      )}
      {text !== undefined && <Content label={`${label}, as text`}>{text === '' ? '(empty)' : text}</Content>}
      {hex !== undefined && hex !== '' && <Content label={`${label}, byte by byte`}>{hex}</Content>}
      {isCut && <p class="note">Only the beginning is shown.</p>}
      {entries.length > 0 && (
        <dl class="entries">
          {entries.map(([name, content]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{content}</dd>
            </div>
          ))}
        </dl>
      )}
    </article>
  );
}

function Content({ label, children }: { label: string; children: string }) {
  return (
    <pre class="content" role="group" aria-label={label} tabIndex={0}>
      {children}
    </pre>
  );
}
