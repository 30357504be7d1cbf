/** Small components that all pages use. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { FeedStatus, Reading } from '../lib/reading.ts';
import { count, dateAndTime, isoTime, percent, timeOfDay } from '../lib/format.ts';
import { focusHeading, goQuery } from '../lib/router.ts';

type Children = { children: ComponentChildren };

/** Shown where there is nothing yet; it says what to do. */
export const Nothing = ({ children }: Children) => <p class="nothing">{children}</p>;

/** The head of a page: its location and its title. */
export function PageHead(props: {
  title: string;
  kind?: string;
  trail?: readonly { href: string; text: string }[];
  children?: ComponentChildren;
}) {
  const { title, kind, trail = [], children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => focusHeading(heading.current), []);
  useEffect(() => {
    document.title = kind === undefined ? `${title} · Sleigh` : `${title} (${kind}) · Sleigh`;
  }, [title, kind]);
  return (
    <div class="page-head">
      {trail.length > 0 && (
        <nav class="trail" aria-label="Where this is">
          {trail.map(({ href, text }) => (
            <a key={href} href={href}>
              {text}
            </a>
          ))}
        </nav>
      )}
      <div class="page-title">
        <h1 tabIndex={-1} ref={heading}>
          {kind !== undefined && <span class="kind">{kind} </span>}
          {title}
        </h1>
        {children}
      </div>
    </div>
  );
}

/** A section of a page with a heading. */
export function Panel(props: {
  title: string;
  note?: ComponentChildren;
  children: ComponentChildren;
  id?: string;
}) {
  const { title, note, children, id = title.toLowerCase().replaceAll(/\W+/g, '-') } = props;
  return (
    <section class="panel" aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <div class="panel-note">{note}</div>}
      </header>
      {children}
    </section>
  );
}

/** Shown instead of a page whose view has not arrived or does not exist. */
export function Waiting({ reading: { status, error }, what }: { reading: Reading<unknown>; what: string }) {
  if (status === 'failed')
    return (
      <>
        <PageHead title={what} />
        <Nothing>The server failed to show it: {error}</Nothing>
      </>
    );
  if (status !== 'missing') return <p class="loading">Asking the server…</p>;
  return (
    <>
      <PageHead title={`No such ${what}`} />
      <Nothing>
        {error ?? 'It does not exist.'} It may have been deleted or have left; this page shows it again when
        it comes back.
      </Nothing>
    </>
  );
}

const FRESHNESS: Readonly<Partial<Record<FeedStatus, string>>> = {
  lost: 'connection lost',
  failed: 'the server failed to update it',
};

/** Shown above a view that is not up to date. */
export function Freshness({ status }: { status: FeedStatus }) {
  return status === 'live' ? (
    <span class="fresh live" title="kept up to date">
      live
    </span>
  ) : (
    <span class="fresh">{FRESHNESS[status] ?? status}</span>
  );
}

/** Key figures. */
export function Facts({ children }: Children) {
  return <dl class="facts">{children}</dl>;
}

export function Fact(props: { name: string; children: ComponentChildren; tone?: string; href?: string }) {
  const { name, children, tone, href } = props;
  return (
    <div class={`fact ${tone ?? ''}`}>
      <dt>{href === undefined ? name : <a href={href}>{name}</a>}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Time({ at, withDate = false }: { at: number; withDate?: boolean }) {
  return (
    <time dateTime={isoTime(at)} title={dateAndTime(at)}>
      {withDate ? dateAndTime(at) : timeOfDay(at, false)}
    </time>
  );
}

/** A share as a bar and as a number. */
export function Meter({ share, label }: { share: number; label: string }) {
  const known = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  return (
    <span class="meter">
      <svg
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${percent(known)}`}
      >
        <rect class="meter-all" width="100" height="6" />
        <rect class="meter-part" width={100 * known} height="6" />
      </svg>
      <span>{percent(known)}</span>
    </span>
  );
}

/** Buttons for the parts of a long list; they change the query. */
export function Pager(props: {
  total: number;
  from: number;
  size: number;
  name: string;
  parameter?: string;
}) {
  const { total, from, size, name, parameter = 'from' } = props;
  if (total <= size && from === 0) return null;
  const to = Math.min(total, from + size);
  const turn = (next: number): void => goQuery({ [parameter]: next > 0 ? next : undefined });
  return (
    <nav class="pager" aria-label={`Parts of the list of ${name}`}>
      <button type="button" disabled={from === 0} onClick={() => turn(Math.max(0, from - size))}>
        Before
      </button>
      <span>
        {total === 0 ? '0' : `${count(Math.min(from + 1, total))}–${count(to)}`} of {count(total)} {name}
      </span>
      <button type="button" disabled={to >= total} onClick={() => turn(from + size)}>
        Next
      </button>
    </nav>
  );
}

/** A table that may be wider than its place. It scrolls, also by keyboard. */
export function Table(props: {
  caption: string;
  head: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <div class="table" role="group" aria-label={props.caption} tabIndex={0}>
      <table class={props.class}>
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>{props.head}</tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

/** @param by as of SortHead; this one sorts nothing */
export const Head = ({
  children,
  number,
}: {
  children: ComponentChildren;
  number?: boolean;
  by?: string;
}) => (
  <th scope="col" class={number === true ? 'number' : undefined}>
    {children}
  </th>
);
