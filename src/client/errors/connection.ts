import { errorKind, type Catalogue } from '../../wire/error-kind.ts';

const ASK_SERVER = 'Ask whoever runs the server; its log says more.';

/** NwsError, whose code and reason say what the server refused; and TimeoutError. */
export const REPLY = {
  refused: errorKind(
    'failed',
    (verb: string, reason: string) => `${verb} was refused: ${reason}`,
    'See the refusals of the server, below, by the reason.',
    'store',
    'Refused: the workspace holds 1000 bytes; the limit is 1000.',
  ),
  timedOut: errorKind(
    'timed-out',
    (what: string, milliseconds: number) => `${what} within ${milliseconds} ms`,
    'Wait longer (`timeout`), or find out who should have stored it.',
    'no value came to "answers"',
    500,
  ),
} as const satisfies Catalogue;

/** ConnectionLostError: there is no connection (any more). */
export const CONNECTION = {
  unreachable: errorKind(
    'unreachable',
    (address: string, why: string) => `${address} cannot be reached (${why})`,
    'Check the address, and that the server runs and listens there: `sleigh status --server HOST:PORT`.',
    'ada:8765',
    'ECONNREFUSED',
  ),
  noAnswer: errorKind(
    'unreachable',
    (address: string) => `${address} did not answer in time`,
    'Check the address and the network, or give the connection more `timeout`.',
    'ada:8765',
  ),
  noneReachable: errorKind(
    'unreachable',
    (why: string) => `no server can be used: ${why}`,
    'Check the addresses, and that one of the servers runs: `sleigh status --server HOST:PORT,HOST:PORT`.',
    'ada:8765 cannot be reached (ECONNREFUSED); grace:8765 cannot be reached (ECONNREFUSED)',
  ),
  otherStore: errorKind(
    'unreachable',
    (address: string) => `${address} has another store than the server that was named first`,
    'Name servers that share one store, or that server alone.',
    'grace:8765',
  ),
  closedAtOnce: errorKind(
    'not-nws',
    (address: string) => `${address} closed the connection`,
    'Check that a server of this protocol listens there, and that its allow-list (`--allow`) has this host.',
    'ada:8765',
  ),
  noNws: errorKind(
    'not-nws',
    (address: string) => `${address} does not speak the NetWorkSpaces protocol`,
    'Check the port: the web page of a server has another one.',
    'ada:8766',
  ),
  badOffer: errorKind(
    'not-nws',
    (address: string) => `${address} offers its options in no form that is known`,
    'Check the port, and the version of the server.',
    'ada:8765',
  ),
  needsToken: errorKind(
    'not-admitted',
    (address: string) =>
      `${address} needs a token, and none was given: give it as \`token\`, or to a command with --token-file FILE`,
    'Give the token that the server was started with.',
    'ada:8765',
  ),
  badToken: errorKind(
    'not-admitted',
    (address: string) => `${address} does not take this token`,
    'Give the token that the server was started with (`token`, or `--token-file` of a command).',
    'ada:8765',
  ),
  badTokenOrNoTls: errorKind(
    'not-admitted',
    (address: string) =>
      `${address} does not take this token, or takes only clients with TLS and a certificate of their own`,
    'Give the token that the server was started with. If that is right, connect with `tls`, and with `cert` and `key`.',
    'ada:8765',
  ),
  needsTls: errorKind(
    'not-admitted',
    (address: string) =>
      `${address} takes only clients with TLS and a certificate of their own: give \`tls\` with \`cert\` and \`key\``,
    'Give a certificate that the authority of the server has signed (`--tls-ca` of the server).',
    'ada:8765',
  ),
  needsCertificate: errorKind(
    'not-admitted',
    (address: string, why: string) =>
      `${address} does not take the certificate of this client, or needs one (${why}): give \`tls\` with \`cert\` and \`key\``,
    'Give a certificate that the authority of the server has signed (`--tls-ca` of the server).',
    'ada:8765',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  ),
  noMetadata: errorKind(
    'not-nws',
    (address: string) => `${address} does not take metadata`,
    'Use a server of 2007 or later.',
    'ada:8765',
  ),
  refusedOptions: errorKind(
    'not-nws',
    (address: string) => `${address} refused the options that it had offered`,
    `Check what is between this program and the server. ${ASK_SERVER}`,
    'ada:8765',
  ),
  badReply: errorKind(
    'not-nws',
    (address: string) => `${address} sent what is no reply`,
    'Check what is between this program and the server.',
    'ada:8765',
  ),
  noTls: errorKind(
    'not-secure',
    (address: string) => `${address} offers no TLS`,
    'Start the server with `--tls-cert` and `--tls-key`, or connect without `tls`.',
    'ada:8765',
  ),
  tokenInTheOpen: errorKind(
    'not-secure',
    (address: string) => `${address} asks for the token itself, before TLS begins`,
    'Use a server that takes proofs of tokens (P2.5).',
    'ada:8765',
  ),
  untrusted: errorKind(
    'not-secure',
    (address: string, why: string) => `${address} cannot be trusted (${why})`,
    'Give the certificate of the authority that has signed that of the server (`ca`), and its name.',
    'ada:8765',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ),
  tooLarge: errorKind(
    'too-large',
    (address: string) => `${address} sent a value too large for a buffer`,
    "Take it as a stream: `fetch({ as: 'stream' })`.",
    'ada:8765',
  ),
  lost: errorKind(
    'lost',
    (address: string, why: string) => `${address} is not connected any more (${why})`,
    `Connect again. ${ASK_SERVER}`,
    'ada:8765',
    'ECONNRESET',
  ),
  closedByServer: errorKind(
    'lost',
    (address: string) => `${address} closed the connection`,
    `Connect again. ${ASK_SERVER}`,
    'ada:8765',
  ),
  closedHere: errorKind(
    'closed',
    (address: string) => `${address} was closed on this side`,
    'Close connections when nothing is under way on them any more.',
    'ada:8765',
  ),
  notSentWhole: errorKind(
    'closed',
    (address: string) => `${address} was closed, since a value could not be sent whole`,
    'The `cause` says what ended the stream that was to be sent.',
    'ada:8765',
  ),
  notReadWhole: errorKind(
    'closed',
    (address: string) => `${address} was closed, since a value was not read to its end`,
    'Read streams to their end, or give the next request a connection of its own.',
    'ada:8765',
  ),
} as const satisfies Catalogue;
