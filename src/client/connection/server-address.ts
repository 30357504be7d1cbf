/** The options of TLS (P2.3). They are PEM texts, so that they can be sent to workers on other hosts. */
export interface TlsOptions {
  /** Authorities to trust in addition to those of Node. */
  readonly ca?: string | undefined;
  /** The name in the server's certificate, if it differs from `host`. */
  readonly servername?: string | undefined;
  /** The client's certificate, if the server requires one (P2.5). */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** With false the server's certificate is not checked. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** The address of a server, and how to connect to it. */
export interface ServerAddress {
  /** The default is 127.0.0.1. */
  readonly host?: string | undefined;
  /** The default is 8765 (P1). */
  readonly port?: number | undefined;
  /** HOST:PORT of other servers with the same store, which are tried in this order if this one cannot be reached (D24). */
  readonly others?: readonly string[] | undefined;
  /** TLS with these options, or with the defaults if true. The default is no TLS (P2.3). */
  readonly tls?: boolean | TlsOptions | undefined;
  /** The token, if the server requires one (P2.5). Latin-1. */
  readonly token?: string | undefined;
  /**
   * Whether the client connects to the server that owns its workspace, if the server shares its store with others (D24). Choose false
   * when clients reach only this address. The default is true.
   */
  readonly followOwner?: boolean | undefined;
}
