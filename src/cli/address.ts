/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @returns the parts of HOST:PORT or [IPV6]:PORT, or undefined if the text is invalid */
export function parseAddress(text: string): Address | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  return host !== undefined && port > 0 && port <= 65_535 ? { host, port } : undefined;
}
