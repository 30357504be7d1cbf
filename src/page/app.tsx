import { useEffect, useState } from 'preact/hooks';
import type { OverviewView } from '../views/types.ts';
import type { WholeView } from '../views/whole-types.ts';
import { Nothing, PageHead } from './components/parts.tsx';
import { TokenDialog } from './components/writing.tsx';
import { isLost, watch } from './lib/feeds.ts';
import { api, page, WHOLE } from './lib/paths.ts';
import { usePlace, type Place } from './lib/router.ts';
import { chooseTheme, theme, THEMES, type Theme } from './lib/theme.ts';
import { useView } from './lib/use-view.ts';
import { WritableContext } from './lib/writing.ts';
import { ChartsPage } from './pages/charts.tsx';
import { ClientPage } from './pages/client.tsx';
import { ClientsPage } from './pages/clients.tsx';
import { EndedJobPage, EndedJobsPage } from './pages/ended.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { ReplayPage } from './pages/replay.tsx';
import { SleighChartsPage } from './pages/sleigh-charts.tsx';
import { SleighPage } from './pages/sleigh.tsx';
import { VariablePage } from './pages/variable.tsx';
import { WholePage } from './pages/whole.tsx';
import { WorkerPage } from './pages/worker.tsx';
import { WorkspacePage } from './pages/workspace.tsx';
import { WorkspacesPage } from './pages/workspaces.tsx';

/** The frame around every page. */
export function App() {
  const place = usePlace();
  const { data: about } = useView<OverviewView | WholeView>(api('/overview'), 'once');
  const kind = about === undefined ? undefined : kindOf(about);
  const cluster = about !== undefined && 'cluster' in about ? about.cluster : null;
  const isOfPartition = cluster !== null && cluster.partitions > 1;
  return (
    <WritableContext.Provider value={about?.writable ?? false}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href={WHOLE}>
          <Mark />
          Sleigh
        </a>
        {isOfPartition && (
          <nav class="trail in-bar" aria-label="Where this is">
            <a href={WHOLE}>All partitions</a>
            <a href={page.overview}>
              Partition {cluster.partition} on {cluster.name}
            </a>
          </nav>
        )}
        {kind !== undefined && <Menu path={place.path} kind={kind} />}
        <div class="bar-end">
          {about !== undefined && kind !== 'replay' && (
            <span class="address" title="where the server listens for clients">
              {about.host}:{about.port}
            </span>
          )}
          <ThemeSwitch />
        </div>
      </header>
      <ConnectionNotice />
      <main id="main" tabIndex={-1}>
        {kind === undefined ? <p class="loading">Asking the server…</p> : <Page place={place} kind={kind} />}
      </main>
      <footer class="foot">{about !== undefined && <>Sleigh {about.version}</>}</footer>
      <TokenDialog />
    </WritableContext.Provider>
  );
}

/** What the page shows: a server or a partition, all partitions, or a trace. */
type Kind = 'live' | 'whole' | 'replay';

const kindOf = (about: OverviewView | WholeView): Kind =>
  'partitions' in about ? 'whole' : about.replay ? 'replay' : 'live';

function Page({ place, kind: whole }: { place: Place; kind: Kind }) {
  const { parts, path, query } = place;
  const [kind, name, below, inner] = parts;
  const from = Number(query.get('from') ?? 0);
  if (kind === 'charts') return <ChartsPage chart={name} />;
  if (whole === 'replay') return <ReplayPage />;
  if (kind === undefined) return whole === 'whole' ? <WholePage /> : <OverviewPage />;
  if (kind === 'workspaces') {
    if (name === undefined) return <WorkspacesPage from={from} query={query} />;
    if (below === undefined) return <WorkspacePage key={path} name={name} from={from} query={query} />;
    if (below === 'variables' && inner !== undefined)
      return <VariablePage key={path} workspace={name} name={inner} from={from} />;
  }
  if (kind === 'clients')
    return name === undefined ? (
      <ClientsPage from={from} query={query} />
    ) : (
      <ClientPage key={path} id={name} />
    );
  if (kind === 'sleighs' && name !== undefined) {
    if (below === undefined) return <SleighPage key={path} name={name} query={query} />;
    if (below === 'charts') return <SleighChartsPage key={path} name={name} />;
    if (below === 'workers' && inner !== undefined)
      return <WorkerPage key={path} name={name} rank={inner} query={query} />;
  }
  if (kind === 'ended')
    return name === undefined ? (
      <EndedJobsPage from={from} />
    ) : (
      <EndedJobPage key={path} id={name} query={query} />
    );
  return (
    <>
      <PageHead title="No such page" />
      <Nothing>
        No page at <code>{path}</code>. <a href={page.overview}>To the overview</a>
      </Nothing>
    </>
  );
}

const CLIENTS: readonly [string, string] = [page.clients, 'Clients'];

function Menu({ path, kind }: { path: string; kind: Kind }) {
  const isReplay = kind === 'replay';
  const entries: readonly (readonly [href: string, text: string])[] = isReplay
    ? [
        [page.replay, 'Replay'],
        [page.book, 'Charts'],
      ]
    : [
        [page.overview, 'Overview'],
        [page.workspaces, 'Workspaces'],
        ...(kind === 'whole' ? [] : [CLIENTS]),
        [page.book, 'Charts'],
      ];
  const isHere = (href: string): boolean => {
    if (isReplay && href === page.replay) return !path.startsWith(page.book);
    return href === page.overview
      ? path === page.overview || path.startsWith(page.sleighs) || path.startsWith(page.ended)
      : path.startsWith(href);
  };
  return (
    <nav class="menu" aria-label="Pages">
      {entries.map(([href, text]) => (
        <a key={href} href={href} aria-current={isHere(href) ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}

function ThemeSwitch() {
  const [chosen, setChosen] = useState(theme);
  const choose = (next: Theme): void => {
    chooseTheme(next);
    setChosen(next);
  };
  return (
    <label class="theme">
      <span class="hidden">Colours</span>
      <select
        value={chosen}
        onChange={({ currentTarget }) =>
          choose(THEMES.find((known) => known === currentTarget.value) ?? 'system')
        }
      >
        <option value="system">System colours</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

function ConnectionNotice() {
  const [lost, setLost] = useState(false);
  useEffect(() => watch(() => setLost(isLost())), []);
  return (
    <div role="status" class="connection">
      {lost && (
        <p class="banner">
          <strong>The server cannot be reached.</strong> The page shows the last known state; the page tries
          again each second.
        </p>
      )}
    </div>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M3 26h21a5 5 0 0 0 5-5" />
      <path d="M9 26v-5m11 5v-5M5 10c0 7 2 11 7 11h11c3 0 4-2 4-5V8h-4v6H12c-4 0-5-4-7-4Z" />
    </svg>
  );
}
