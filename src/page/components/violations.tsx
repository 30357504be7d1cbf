import type { VerificationView } from '../../views/verification-types.ts';
import { Panel, Time } from './parts.tsx';

/** Steps of actors that their machines do not allow, with the stories of these actors. */
export function Violations({ verification: { newest } }: { readonly verification: VerificationView }) {
  return (
    <Panel title="Violations" note="steps that a machine does not allow; the server is faulty">
      {newest.map(({ time, scope, actor, event, reason, story }) => (
        <details key={`${time} ${scope} ${actor}`}>
          <summary>
            <Time at={time} withDate /> {scope}, {actor}: <code>{event}</code>: {reason}
          </summary>
          <pre>{story.join('\n')}</pre>
        </details>
      ))}
    </Panel>
  );
}
