/** The value of a colour of the style sheet in the current theme, for canvases. */
export function resolvedColour(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  (element.parentElement ?? element).append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
