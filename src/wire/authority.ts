/** Host and port as one text, `[::1]:8765` for an IPv6 address. The output can be parsed again. */
export const authorityOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
