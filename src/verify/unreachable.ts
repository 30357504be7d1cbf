/**
 * Transitions that no client can cause, by machine, each with the reason. The coverage fails if a transition is neither
 * listed here nor visited, or both. Wildcards are omitted everywhere: they stand for unexpected events.
 */
export const UNREACHABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  connection: {
    'open.handshaking.greeting: options.denied':
      'only a server that asks for TLS or a token refuses an old handshake',
    'closing: fault': 'what the server does for a connection that has ended is not known to fail',
    'closing: secured': 'TLS that is ready just when the connection ends: no client sees any of it',
  },
  joinPhase: {
    '(any): registration.asked [rankIs(forgotten)]':
      'the worker of a rank is forgotten when a thousand others have ended after it',
  },
  sentinel: {
    'stopping: shutdown.started':
      'a sentinel that comes while so many others are told to stop that this takes several turns',
  },
  sleigh: {
    '(any): xstate.error.actor.*':
      'a chart that fails is a fault of the server, which no request is known to cause',
  },
};
