import { createHmac, randomBytes } from 'node:crypto';
import { Admission, type AdmissionOptions } from './admission.ts';
import { TlsStarter, type TlsOptions } from './tls.ts';
import { SERVER } from './errors.ts';
import { plainError } from '../wire/error-kind.ts';

/** Which clients may connect, and how. */
export interface Credentials {
  /** With this option TLS is offered (P2.1); with a `ca` in it, TLS is required. */
  tls?: TlsOptions | undefined;
  /** Which clients are admitted. The default is all. */
  admission?: AdmissionOptions | undefined;
}

/** Controls access to the server: addresses, token, certificates. They can be replaced while the server runs. */
export class Gate {
  readonly tls: TlsStarter | undefined;
  readonly asksForCertificate: boolean;
  #admission: Admission;
  /** A key for this run of the server. */
  readonly #nonceKey = randomBytes(32);

  /** @throws Error if something cannot be used */
  constructor({ tls, admission = {} }: Credentials) {
    this.tls = tls && new TlsStarter(tls);
    this.asksForCertificate = tls?.ca !== undefined;
    this.#admission = new Admission(admission);
  }

  /** The current admission rules. */
  get admission(): Admission {
    return this.#admission;
  }

  /** Whether every client that reaches the address is admitted. */
  get isOpen(): boolean {
    return this.#admission.isOpen && !this.asksForCertificate;
  }

  /** Checks a token (P2.5). With TLS, a token in clear is not accepted, because someone may have read it. */
  readonly admits = (said: string | undefined, nonce: string | undefined): boolean =>
    nonce === undefined
      ? this.#admission.admits(said) && this.tls === undefined
      : this.#admission.admitsProof(said, nonce);

  /** Returns a nonce that cannot be guessed and that no other connection has. */
  readonly nonceOf = (connection: number): string =>
    createHmac('sha256', this.#nonceKey).update(String(connection)).digest('hex');

  /**
   * Replaces the credentials for later connections; existing ones stay.
   * @throws Error if something cannot be used, or is of another kind than before; then nothing has changed
   */
  reload({ tls, admission = {} }: Credentials): void {
    const next = new Admission(admission);
    const isSameKind =
      next.asksForToken === this.#admission.asksForToken &&
      (tls === undefined) === (this.tls === undefined) &&
      (tls?.ca !== undefined) === this.asksForCertificate;
    if (!isSameKind) throw plainError(SERVER.otherKind());
    if (tls !== undefined) this.tls?.reload(tls);
    this.#admission = next;
  }
}
