import type { ErrorText } from '../../wire/error-kind.ts';
import { CONNECTION } from '../errors/connection.ts';
import type { ConnectionLostCode } from './errors.ts';

/** The alerts of TLS with which a server refuses the certificate of a client, or that it has none (RFC 8446, 6.2). */
const CERTIFICATE_REFUSED =
  /ALERT_(NO_CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA)$/;

/**
 * What the error of a socket means for its connection.
 * @param why the code of the error
 */
export function lossOfSocket(
  why: string,
  { isOpen, isSecure }: { isOpen: boolean; isSecure: boolean },
): (address: string) => ErrorText<ConnectionLostCode> {
  const { lost, untrusted, unreachable, needsCertificate } = CONNECTION;
  // In TLS 1.3 the client has connected before the server has looked at its certificate.
  const isRefused = isSecure && CERTIFICATE_REFUSED.test(why);
  const kind = isRefused ? needsCertificate : isOpen ? lost : isSecure ? untrusted : unreachable;
  return (address) => kind(address, why);
}
