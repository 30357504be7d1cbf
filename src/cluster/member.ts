import { authorityOf } from '../wire/authority.ts';

/** A server, as the others know it. */
export interface Member {
  readonly name: string;
  /** HOST:PORT for clients. */
  readonly address: string;
  /** HOST:PORT for other servers. */
  readonly link: string;
  /** The address of its page. */
  readonly web?: string | undefined;
}

export const isSameMember = (one: Member, other: Member | undefined): boolean =>
  one.name === other?.name &&
  one.address === other.address &&
  one.link === other.link &&
  one.web === other.web;

/** The address for other servers. */
export function linkAddress({ link }: Pick<Member, 'link'>): {
  readonly host: string;
  readonly port: number;
} {
  const { hostname, port } = new URL(`tcp://${link}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

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
  readonly page: MemberPage | undefined;
}

export const memberOf = (name: string, { host, port, linkPort, page }: MemberPorts): Member => ({
  name,
  address: authorityOf(host, port),
  link: authorityOf(host, linkPort),
  web: page && `http://${authorityOf(host, page.port)}${page.base}/`,
});
