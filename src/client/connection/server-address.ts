/** How TLS is spoken (P2.3). PEM texts, so that workers elsewhere can be told. */
export interface TlsOptions {
  /** Whom to trust beside the authorities that Node knows. */
  readonly ca?: string | undefined;
  /** What the server's certificate must say, where it is not its `host`. */
  readonly servername?: string | undefined;
  /** Who this client is, where the server asks for a certificate (P2.5). */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False: whoever answers is trusted. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** Where a server is, and how it is spoken to. */
export interface ServerAddress {
  /** 127.0.0.1 unless told. */
  readonly host?: string | undefined;
  /** 8765 unless told (P1). */
  readonly port?: number | undefined;
  /** TLS, by the options or with none; plain unless told (P2.3). */
  readonly tls?: boolean | TlsOptions | undefined;
  /** What the server asks for, where it does (P2.5). Latin-1. */
  readonly token?: string | undefined;
}
