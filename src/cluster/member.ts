import { authorityOf } from '../wire/authority.ts';

const ENCRYPTED = 'tls://';

/** Where the other servers connect to one. */
export interface LinkAddress {
  readonly host: string;
  readonly port: number;
  /** Whether it takes only links that are encrypted (D25). */
  readonly isEncrypted: boolean;
}

/** A server, as the others know it. */
export interface Member {
  readonly name: string;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** HOST:PORT for other servers, after `tls://` if it takes only links that are encrypted (D25). */
  readonly link: string;
  /** The address of its page. */
  readonly web?: string | undefined;
}

export const isSameMember = (one: Member, other: Member | undefined): boolean =>
  one.name === other?.name &&
  one.address === other.address &&
  one.link === other.link &&
  one.web === other.web;

/** The address for other servers. @returns undefined if the store has something else in its place */
export function linkAddress({ link }: Pick<Member, 'link'>): LinkAddress | undefined {
  const isEncrypted = link.startsWith(ENCRYPTED);
  const url = isEncrypted ? link : `tcp://${link}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  const isAddress = hostname !== '' && Number(port) > 0;
  return isAddress ? { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), isEncrypted } : undefined;
}

export const isSameAddress = (one: LinkAddress, other: LinkAddress): boolean =>
  one.host === other.host && one.port === other.port && one.isEncrypted === other.isEncrypted;

/** A page: its port, and the base of its paths (`--web-base`) without a slash at its end. */
export interface MemberPage {
  readonly port: number;
  readonly base: string;
}

/** Where a server listens. */
interface MemberPorts {
  /** The host under which others reach it. */
  readonly host: string;
  readonly port: number;
  readonly linkPort: number;
  /** Whether it takes only links that are encrypted (D25). */
  readonly linkTls: boolean;
  readonly page: MemberPage | undefined;
  /** HOST:PORT for clients. The default is the host and the port. */
  readonly clientAddress?: string | undefined;
}

export const memberOf = (
  name: string,
  { host, port, linkPort, linkTls, page, clientAddress }: MemberPorts,
): Member => ({
  name,
  address: clientAddress ?? authorityOf(host, port),
  link: `${linkTls ? ENCRYPTED : ''}${authorityOf(host, linkPort)}`,
  web: page && `http://${authorityOf(host, page.port)}${page.base}/`,
});
