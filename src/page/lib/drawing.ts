/** Turns the drawings of the machines, which the server sends as text, into elements of the page. */

const STYLE = /<style>([^]*?)<\/style>/g;
const parsed = new Map<string, SVGSVGElement>();

/** @returns a new element; undefined if the text is not a drawing */
export function drawing(text: string): SVGSVGElement | undefined {
  const known = parsed.get(text) ?? parse(text);
  if (known === undefined) return undefined;
  parsed.set(text, known);
  const copy = known.cloneNode(true);
  return copy instanceof SVGSVGElement ? copy : undefined;
}

function parse(text: string): SVGSVGElement | undefined {
  // The content security policy of the page forbids inline styles.
  const bare = text.replaceAll(STYLE, (_, css: string) => {
    adopt(css);
    return '';
  });
  const svg = document.importNode(
    new DOMParser().parseFromString(bare, 'image/svg+xml').documentElement,
    true,
  );
  if (!(svg instanceof SVGSVGElement)) return undefined;
  // The element around the drawing has a label already.
  for (const title of svg.querySelectorAll(':scope > title, :scope > desc')) title.remove();
  svg.removeAttribute('role');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}

const adopted = new Set<string>();

/**
 * The content security policy forbids inline styles, but allows a sheet that a script creates. All drawings have the
 * same one.
 */
function adopt(css: string): void {
  if (adopted.has(css)) return;
  adopted.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
}

/** Adds classes to the elements that `data-NAME` names, and removes them from the others. */
export function mark(
  svg: SVGSVGElement,
  className: string,
  isMarked: (element: SVGElement) => boolean,
): void {
  for (const element of svg.querySelectorAll<SVGElement>('.state, .move'))
    element.classList.toggle(className, isMarked(element));
}

/** Draws arrows with this class over the others, with which they may share their last part. */
export function raise(svg: SVGSVGElement, className: string): void {
  const [label = null] = svg.querySelectorAll(':scope > .label');
  for (const arrow of svg.querySelectorAll(`:scope > .arrow.${className}`)) svg.insertBefore(arrow, label);
}

export const movesIn = (element: SVGElement): number[] =>
  element.classList.contains('move')
    ? (element.dataset['moves'] ?? '').split(' ').filter(Boolean).map(Number)
    : [];

export const stateIn = (element: SVGElement): string | undefined =>
  element.classList.contains('state') ? element.dataset['state'] : undefined;

const SVG = 'http://www.w3.org/2000/svg';

/** Writes the number of actors in each state into the upper right corner of its box. */
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
