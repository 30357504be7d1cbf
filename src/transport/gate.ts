import { createHmac, randomBytes } from 'node:crypto';
import { Admission, type AdmissionOptions } from './admission.ts';
import { TlsStarter, type TlsOptions } from './tls.ts';

/** Who may connect, and how. */
export interface Credentials {
  /** With it TLS is offered (P2.1); with a `ca` in it, asked for. */
  tls?: TlsOptions | undefined;
  /** Who may connect; everyone unless told. */
  admission?: AdmissionOptions | undefined;
}

/** The way into the server: addresses, token, certificates. They may be replaced while the server runs. */
export class Gate {
  readonly tls: TlsStarter | undefined;
  readonly asksForCertificate: boolean;
  #admission: Admission;
  /** Of this run of the server. */
  readonly #nonceKey = randomBytes(32);

  /** @throws Error when something cannot be used */
  constructor({ tls, admission = {} }: Credentials) {
    this.tls = tls && new TlsStarter(tls);
    this.asksForCertificate = tls?.ca !== undefined;
    this.#admission = new Admission(admission);
  }

  /** Who may connect now. */
  get admission(): Admission {
    return this.#admission;
  }

  /** Everyone who reaches the address gets in. */
  get isOpen(): boolean {
    return this.#admission.isOpen && !this.asksForCertificate;
  }

  /** P2.5. Where there is TLS, a token in clear gets nobody in: somebody may have heard it. */
  readonly admits = (said: string | undefined, nonce: string | undefined): boolean =>
    nonce === undefined
      ? this.#admission.admits(said) && this.tls === undefined
      : this.#admission.admitsProof(said, nonce);

  /** Nobody can guess it, and no other connection has it. */
  readonly nonceOf = (connection: number): string =>
    createHmac('sha256', this.#nonceKey).update(String(connection)).digest('hex');

  /**
   * For connections from now on; those that are there stay.
   * @throws Error when something cannot be used, or another kind is asked for than before; nothing has changed then
   */
  reload({ tls, admission = {} }: Credentials): void {
    const next = new Admission(admission);
    const isSameKind =
      next.asksForToken === this.#admission.asksForToken &&
      (tls === undefined) === (this.tls === undefined) &&
      (tls?.ca !== undefined) === this.asksForCertificate;
    if (!isSameKind)
      throw new Error(
        'a token, a certificate and an authority for clients are asked for from the start, or never',
      );
    if (tls !== undefined) this.tls?.reload(tls);
    this.#admission = next;
  }
}
