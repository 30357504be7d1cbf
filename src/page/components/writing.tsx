import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { askTokensBy, WritableContext, write, type Written } from '../lib/writing.ts';

interface WriteButtonProps<T> {
  readonly label: string;
  readonly method: 'DELETE' | 'POST';
  readonly path: string;
  /** The question, which also labels the button that confirms it. */
  readonly question: ComponentChildren;
  readonly sure: string;
  readonly onDone: (value: T) => void;
  /** Whether it loses nothing, so that it has no colour of danger. */
  readonly isHarmless?: boolean;
}

/** A button for an action that changes something, with a confirmation. It exists only if the server allows changes. */
export function WriteButton<T>(props: WriteButtonProps<T>) {
  const { label, method, path, question, sure, onDone, isHarmless = false } = props;
  const isWritable = useContext(WritableContext);
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string | undefined>(undefined);
  if (!isWritable) return null;

  const carryOut = async (): Promise<void> => {
    dialog.current?.close();
    const written: Written<T> = await write<T>(method, path);
    if (written === undefined) return;
    setError('error' in written ? written.error : undefined);
    if ('value' in written) onDone(written.value);
  };
  return (
    <>
      <button
        type="button"
        class={isHarmless ? undefined : 'dangerous'}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <span role="status" class="write-error">
        {error}
      </span>
      <dialog ref={dialog} aria-label={label}>
        <h2>{label}</h2>
        <p>{question}</p>
        <div class="dialog-buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="button" class={isHarmless ? 'primary' : 'dangerous'} onClick={() => void carryOut()}>
            {sure}
          </button>
        </div>
      </dialog>
    </>
  );
}

interface TokenQuestion {
  readonly reason: string;
  readonly answer: (token: string | undefined) => void;
}

/** Asks for the token when a change needs one and none is known yet. */
export function TokenDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [question, setQuestion] = useState<TokenQuestion | undefined>(undefined);
  const [token, setToken] = useState('');
  useEffect(() => askTokensBy((reason) => new Promise((answer) => setQuestion({ reason, answer }))), []);
  useEffect(() => {
    if (question !== undefined) dialog.current?.showModal();
  }, [question]);

  const end = (given: string | undefined): void => {
    question?.answer(given);
    setQuestion(undefined);
    setToken('');
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} aria-label="Token" onCancel={() => end(undefined)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          end(token.trim());
        }}
      >
        <h2>Token</h2>
        {question !== undefined && question.reason !== '' && <p class="write-error">{question.reason}</p>}
        <p>The server requires its token for this. The page keeps it until this tab is closed.</p>
        <label class="field">
          Token
          <input
            type="password"
            autoComplete="off"
            required
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <div class="dialog-buttons">
          <button type="button" onClick={() => end(undefined)}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Go on
          </button>
        </div>
      </form>
    </dialog>
  );
}
