import { connectionMachine } from '../../machines/connection.ts';
import { VERB } from '../../wire/names.ts';
import { mustBe, mustHold } from '../mismatch.ts';
import {
  causes,
  changesNothing,
  impossible,
  type ChartModel,
  type Effect,
  type Situation,
  type Stimulus,
} from '../model.ts';
import { ConnectionFixture } from './connection-fixture.ts';

interface Context {
  readonly id: number;
}

interface Facts {
  /** The old handshake has no metadata. */
  readonly handshake: 'none' | 'old' | 'new' | 'secure';
  readonly stopped: boolean;
}

type At = Situation<Context, Facts>;
type Act = Effect<Facts, ConnectionFixture>;

const stimulus = (
  aims: readonly string[],
  comesTo: (at: At) => Act,
  pace: Pick<Stimulus<Context, Facts, ConnectionFixture>, 'slow'> = {},
): Stimulus<Context, Facts, ConnectionFixture> => ({
  aims,
  ...pace,
  comesTo: (at) => (at.state === 'closed' ? impossible('there is no connection any more') : comesTo(at)),
});

/** Messages that occur in one state only; in `closing` the server ignores them. */
const saidIn =
  (where: string, type: string, why: string, bytes: string, act: (at: At) => Act) =>
  (at: At): Act => {
    if (at.state === where) return act(at);
    if (at.state === 'closing' && !at.facts.stopped)
      return changesNothing((stage) => stage.mustBeUnheard(bytes));
    return impossible(at.state === 'closing' ? 'the server has stopped' : `${type}: ${why}`);
  };

const GREETING = 'open.handshaking.greeting';
const NEGOTIATING = 'open.handshaking.negotiating';
const SECURING = 'open.handshaking.securing';
const READY = 'open.ready.silent';
const RECEIVING = 'open.ready.receiving';
const BLOCKED = 'open.blocked.silent';
const BLOCKED_RECEIVING = 'open.blocked.receiving';

const isMidRequest = (state: string): boolean => state === RECEIVING || state === BLOCKED_RECEIVING;
const isBlocked = (state: string): boolean => state === BLOCKED || state === BLOCKED_RECEIVING;

const FIRST = 'only the first four bytes are a greeting';
const OPTIONS = 'only what follows a greeting are options';

const stimuli: ChartModel<Context, Facts, ConnectionFixture>['stimuli'] = {
  'greeted.new': stimulus(
    ['greeted.new'],
    saidIn(GREETING, 'greeted.new', FIRST, 'X000', ({ facts }) =>
      causes([{ type: 'greeted.new' }], facts, (stage) => stage.greet()),
    ),
  ),
  'greeted.old': stimulus(
    ['greeted.old'],
    saidIn(GREETING, 'greeted.old', FIRST, '2222', ({ facts }) =>
      causes([{ type: 'greeted.old' }], { ...facts, handshake: 'old' }, ({ protocolClient }) =>
        protocolClient.greetOldWay(),
      ),
    ),
  ),
  'options.accepted': stimulus(
    ['options.accepted'],
    saidIn(NEGOTIATING, 'options.accepted', OPTIONS, 'R0000000', ({ facts }) =>
      causes([{ type: 'options.accepted', secure: false }], { ...facts, handshake: 'new' }, (stage) =>
        stage.choose(),
      ),
    ),
  ),
  'options.accepted, with TLS': stimulus(
    ['options.accepted'],
    saidIn(NEGOTIATING, 'options.accepted', OPTIONS, 'R0000000', ({ facts }) =>
      causes(
        [{ type: 'options.accepted', secure: true }],
        { ...facts, handshake: 'secure' },
        (stage) => stage.chooseTls(),
        'tls',
      ),
    ),
  ),
  'options.denied': stimulus(
    ['options.denied'],
    saidIn(NEGOTIATING, 'options.denied', OPTIONS, 'R0000000', ({ facts }) =>
      causes([{ type: 'options.denied', option: 'Sauna' }], facts, (stage) => stage.chooseWhatIsNotOffered()),
    ),
  ),
  secured: stimulus(
    ['secured'],
    saidIn(SECURING, 'secured', 'TLS begins after the options alone', '\x16', ({ facts }) =>
      causes([{ type: 'secured' }], facts, (stage) => stage.startTls()),
    ),
  ),
  'handshake.elapsed': stimulus(
    ['handshake.elapsed'],
    ({ facts, state }) =>
      state.startsWith('open.handshaking')
        ? causes([{ type: 'handshake.elapsed' }], facts, (stage) => stage.waitForTimeLimit())
        : impossible('the handshake is over'),
    { slow: true },
  ),
  malformed: stimulus(['malformed'], ({ facts, state }) => {
    switch (state) {
      case GREETING:
        return impossible('any four bytes are a greeting (P2.4)');
      case SECURING:
        return impossible('all bytes are those of TLS (P2.3)');
      case 'closing':
        return impossible('what comes is not read any more');
      case NEGOTIATING:
        return causes([{ type: 'malformed' }], facts, (stage) => stage.sayAndEnd('Z000'));
      case RECEIVING:
      case BLOCKED_RECEIVING:
        return causes([{ type: 'malformed' }], facts, (stage) => stage.spoilRequest());
      default:
        return causes([{ type: 'malformed' }], facts, (stage) => stage.sayAndEnd('zzzzzzzz'));
    }
  }),
  'request.begun': stimulus(['request.begun'], ({ facts, state }) =>
    state === READY || state === BLOCKED
      ? causes([{ type: 'request.begun' }], facts, (stage) => stage.beginRequest())
      : impossible('a request begins behind another one, and after the handshake'),
  ),
  'request.complete': stimulus(['request.complete'], ({ facts, state }) =>
    state === RECEIVING
      ? causes([{ type: 'request.complete' }], facts, (stage) => stage.completeRequest())
      : impossible('none is on its way, or it is too early'),
  ),
  'request.elapsed, enough has come': stimulus(
    ['request.elapsed'],
    ({ facts, state }) =>
      isMidRequest(state)
        ? causes([{ type: 'request.elapsed', bytes: 1, required: 1 }], facts, (stage) => stage.goOnSlowly())
        : impossible('none is on its way'),
    { slow: true },
  ),
  'request.elapsed, little has come': stimulus(
    ['request.elapsed'],
    ({ facts, state }) =>
      isMidRequest(state)
        ? causes([{ type: 'request.elapsed', bytes: 0, required: 1 }], facts, (stage) => stage.stall())
        : impossible('none is on its way'),
    { slow: true },
  ),
  'request.empty': stimulus(
    ['request.empty', 'request.overran'],
    saidIn(READY, 'request.empty', 'requests come after the handshake', '00000000', ({ facts }) =>
      causes([{ type: 'request.empty' }], facts, (stage) => stage.askNothing()),
    ),
  ),
  'request.blocked': stimulus(
    ['request.blocked'],
    saidIn(READY, 'request.blocked', 'a request blocks where none is blocked yet', '00000000', ({ facts }) =>
      causes([{ type: 'request.blocked' }], facts, (stage) => stage.block()),
    ),
  ),
  'request.answered': stimulus(['request.answered'], ({ facts, state }) =>
    isBlocked(state)
      ? causes([{ type: 'request.answered' }], facts, (stage) => stage.unblock())
      : impossible('none is blocked'),
  ),
  'request.overran': stimulus(['request.overran'], ({ facts, state }) =>
    state === BLOCKED
      ? causes([{ type: 'request.overran' }], facts, (stage) => stage.overrun([VERB.listWss]))
      : impossible('none is blocked'),
  ),
  'request.overran, by one that had begun': stimulus(
    ['request.complete', 'request.overran'],
    ({ facts, state }) =>
      state === BLOCKED_RECEIVING
        ? causes([{ type: 'request.complete' }, { type: 'request.overran' }], facts, (stage) =>
            stage.overrunByTheRest(),
          )
        : impossible('none is on its way behind one that is blocked'),
  ),
  'request.overran, by an empty one': stimulus(['request.overran'], ({ facts, state }) =>
    state === BLOCKED
      ? causes([{ type: 'request.overran' }], facts, (stage) => stage.overrun([]))
      : impossible('none is blocked'),
  ),
  'session.left': stimulus(['session.left'], ({ facts, state }) => {
    if (state !== BLOCKED) return impossible('none is blocked');
    if (facts.handshake === 'old') return impossible('a session begins after the new handshake here');
    return causes([{ type: 'session.left' }], facts, (stage) => stage.endSession());
  }),
  fault: stimulus(['fault'], ({ facts, state }) => {
    if (state !== READY) return impossible('only a request that is carried out is known to meet one');
    if (facts.handshake === 'old') return impossible('it takes metadata to meet the one that is known');
    return causes([{ type: 'fault' }], facts, (stage) => stage.meetFault(), 'fault');
  }),
  'session.replaced': stimulus(['session.replaced'], ({ facts, state }) => {
    if (state !== READY && !isMidRequest(state) && !isBlocked(state))
      return impossible('a session begins after the handshake, and ends with its connection');
    if (facts.handshake === 'old') return impossible('requests have numbers in their metadata');
    return causes([{ type: 'session.replaced' }], facts, (stage) => stage.replace());
  }),
  'server.stopping': stimulus(['server.stopping'], ({ facts }) => {
    if (facts.stopped) return impossible('the server has stopped');
    return causes(
      [{ type: 'server.stopping' }],
      { ...facts, stopped: true },
      (stage) => stage.stopServer(),
      'stop',
    );
  }),
  'peer.gone': stimulus(['peer.gone'], ({ facts }) =>
    causes([{ type: 'peer.gone' }], facts, (stage) => stage.leave()),
  ),
};

const mustBeQuiet = async ({ protocolClient }: ConnectionFixture): Promise<void> => {
  await Promise.resolve();
  mustHold(!protocolClient.hasEnded, 'the server has ended the connection');
  mustHold(
    protocolClient.unread === '',
    `the server has said ${protocolClient.unread.length} bytes too many`,
  );
};

export const connectionModel: ChartModel<Context, Facts, ConnectionFixture> = {
  variant: '',
  machine: connectionMachine,
  input: { id: 1 },
  facts: { handshake: 'none', stopped: false },
  stimuli,
  checks: {
    [GREETING]: mustBeQuiet,
    [NEGOTIATING]: mustBeQuiet,
    [SECURING]: mustBeQuiet,
    [READY]: async (stage) => {
      await mustBeQuiet(stage);
      // P5.2: a request is carried out, and answered.
      const opened = await stage.protocolClient.ask([VERB.openWs, stage.own, 'verify', 'no']);
      mustBe(VERB.openWs, opened, {});
      stage.ownsWorkspace = true;
    },
    [RECEIVING]: mustBeQuiet,
    [BLOCKED]: async (stage) => {
      await mustBeQuiet(stage);
      await stage.mustWait();
    },
    [BLOCKED_RECEIVING]: async (stage) => {
      await mustBeQuiet(stage);
      await stage.mustWait();
    },
    closing: async (stage, { facts }) => {
      await stage.protocolClient.ended();
      mustHold(
        stage.protocolClient.unread === '',
        'the server says more than it should before it ends the connection',
      );
      if (!facts.stopped) await stage.mustBeDeparted();
    },
    closed: async (stage, { facts }) => {
      if (!facts.stopped) await stage.mustBeDeparted();
    },
  },
  key: ({ state, facts }) =>
    state === 'closing' || state === 'closed' ? [state, facts.stopped] : [state, facts],
  bound: 'one connection, one request blocked at a time and one behind it',
  simpleSteps: 9,
  open: (testPath) => ConnectionFixture.open(testPath),
};
