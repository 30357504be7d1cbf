/** Host and port as they are written together, `[::1]:8765` for an IPv6 address: what is printed so can be read again. */
export const authorityOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
