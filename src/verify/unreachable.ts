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
  joinPhase: {
    '(any): registration.asked [rankIs(forgotten)]':
      'the worker of a rank is forgotten when a thousand others have ended after it',
  },
  sleigh: {
    '(any): xstate.error.actor.*':
      'a chart that fails is a fault of the server, which no request is known to cause',
  },
};
