/** Host and port as one text, `[::1]:8765` for an IPv6 address. The output can be parsed again. */
export const authorityOf = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @returns the parts of HOST:PORT or [IPV6]:PORT, or undefined if the text is invalid */
export function parseAuthority(text: string): Address | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  return host !== undefined && port > 0 && port <= 65_535 ? { host, port } : undefined;
}

/** Whether only programs of this host can reach an address. */
export const isLoopback = (host: string): boolean => /^(127\.|::1$|localhost$)/.test(host);
