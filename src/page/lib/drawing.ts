/** The drawings of the charts, as the server has them: fetched once each, and put into the page as elements. */

const drawings = new Map<string, Promise<SVGSVGElement>>();

/** @returns a copy of its own */
export async function drawing(path: string): Promise<SVGSVGElement> {
  const known = drawings.get(path) ?? load(path);
  drawings.set(path, known);
  try {
    const copy = (await known).cloneNode(true);
    if (copy instanceof SVGSVGElement) return copy;
    throw new Error(`${path} is no drawing`);
  } catch (error) {
    drawings.delete(path);
    throw error;
  }
}

const STYLE = /<style>([^]*?)<\/style>/g;

async function load(path: string): Promise<SVGSVGElement> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  // A style in it would be one of the page's text, which its policy forbids.
  const text = (await response.text()).replaceAll(STYLE, (_, css: string) => {
    adopt(css);
    return '';
  });
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
  const svg = document.importNode(parsed.documentElement, true);
  if (!(svg instanceof SVGSVGElement)) throw new Error(`${path} is no drawing`);
  // It is shown inside an element that says what it is.
  for (const title of svg.querySelectorAll(':scope > title, :scope > desc')) title.remove();
  svg.removeAttribute('role');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}

const adopted = new Set<string>();

/** The policy of the page forbids styles in its text; a sheet that a script makes is ours. All drawings bring the same one. */
function adopt(css: string): void {
  if (adopted.has(css)) return;
  adopted.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
}

/** Puts classes on what `data-NAME` names, and takes them from the rest. */
export function mark(
  svg: SVGSVGElement,
  className: string,
  isMarked: (element: SVGElement) => boolean,
): void {
  for (const element of svg.querySelectorAll<SVGElement>('.state, .move'))
    element.classList.toggle(className, isMarked(element));
}

export const movesIn = (element: SVGElement): number[] =>
  element.classList.contains('move')
    ? (element.dataset['moves'] ?? '').split(' ').filter(Boolean).map(Number)
    : [];

export const stateIn = (element: SVGElement): string | undefined =>
  element.classList.contains('state') ? element.dataset['state'] : undefined;

const SVG = 'http://www.w3.org/2000/svg';

/** Writes how many are in each state into the upper right corner of its box. */
export function writeCounts(svg: SVGSVGElement, counts: Readonly<Record<string, string>>): void {
  for (const old of svg.querySelectorAll('.count')) old.remove();
  for (const state of svg.querySelectorAll<SVGElement>('.state')) {
    const text = counts[stateIn(state) ?? ''];
    const box = state.querySelector(':scope > rect');
    if (text === undefined || box === null) continue;
    const number = (name: string): number => Number(box.getAttribute(name));
    const width = 14 + 8 * text.length;
    const right = number('x') + number('width');
    const group = element('g', { class: 'count' });
    group.append(
      element('rect', { x: right - width + 6, y: number('y') - 10, width, height: 20, rx: 10 }),
      element('text', { x: right - width / 2 + 6, y: number('y') + 4.5, 'text-anchor': 'middle' }, text),
    );
    state.append(group);
  }
}

function element(name: string, attributes: Readonly<Record<string, string | number>>, text = ''): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}
