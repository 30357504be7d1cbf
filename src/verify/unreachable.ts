/** Supervised workers have no models yet. */
const S19 = 'no model supervises its workers yet (S19)';

/**
 * Transitions that no client can cause, by chart, each with the reason. What is neither here nor visited makes the
 * coverage fail, and so does what is here and was visited. The wildcards are left out everywhere: they are what a chart
 * does not expect.
 */
export const UNREACHABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  connection: {
    'open.handshaking.greeting: options.denied':
      'only a server that asks for TLS or a token refuses an old handshake',
    'closing: fault': 'what the server does for a connection that has ended is not known to fail',
    'closing: secured': 'TLS that is ready just when the connection ends: no client sees any of it',
  },
  sleigh: {
    '(any): xstate.error.actor.*':
      'a chart that fails is a fault of the server, which no request is known to cause',
  },
  worker: {
    'declared: group.closed [isReplacement]': S19,
    'declared: rank.replaced': S19,
    'registered: death.reported [taskHasFailed]': S19,
    'registered: death.reported [taskWasDeclined]': S19,
    'registered: death.reported [otherwise]': S19,
    'registered: rank.replaced': S19,
  },
  sentinel: {
    'active: replacement.asked': S19,
    'blocked: replacement.asked': S19,
    'dismissed: replacement.asked': S19,
  },
  shutdown: {
    '(any): supervision.began': S19,
    'up: worker.died [isSupervised and lastOneOfClosedGroup]': S19,
    'up: worker.left [isSupervised and lastOneOfClosedGroup]': S19,
    'up.running: group.closed [isSupervised and nobodyIsRegistered]': S19,
  },
  joinPhase: {
    '(any): rank.replaced': S19,
    'closed: worker.registered': S19,
  },
};
