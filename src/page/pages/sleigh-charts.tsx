import { Actors } from '../components/actors.tsx';
import { PageHead } from '../components/parts.tsx';
import { apiOf, page } from '../lib/paths.ts';
import { useView } from '../lib/use-view.ts';
import type { SleighView } from '../../views/types.ts';

export function SleighChartsPage({ name }: { name: string }) {
  const { data } = useView<SleighView>(apiOf(page.sleigh({ name })), 'once');
  const title = data?.title ?? name;
  return (
    <>
      <PageHead
        kind="Charts of"
        title={title}
        trail={[
          { href: page.overview, text: 'Overview' },
          { href: page.sleigh({ name }), text: title },
        ]}
      />
      <Actors base={apiOf(page.sleigh({ name }))} />
    </>
  );
}
