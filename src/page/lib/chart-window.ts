/** The part of a drawing that is shown: its size, and where it is scrolled to. */
import { useRef } from 'preact/hooks';

/** `legible`: the smallest text has LEAST_TEXT pixels at least, whatever room there is; `whole`: all of it is shown. */
export type Zoom = 'legible' | 'whole' | number;

export interface Size {
  readonly width: number;
  readonly height: number;
  /** The pixels of its smallest text, unscaled. */
  readonly text: number;
  /** The pixels that are there for its width. */
  readonly room: number;
}

const LEAST_TEXT = 11;

export function scaleOf(zoom: Zoom, { width, text, room }: Size): number {
  if (typeof zoom === 'number') return zoom;
  const fit = room / width;
  return zoom === 'whole' ? Math.min(fit, 1) : Math.max(LEAST_TEXT / text, Math.min(fit, 1));
}

export function sizeOf(svg: SVGSVGElement): Omit<Size, 'room'> {
  const { width, height } = svg.viewBox.baseVal;
  let text = Number.POSITIVE_INFINITY;
  for (const element of svg.querySelectorAll('text, tspan'))
    text = Math.min(text, Number.parseFloat(getComputedStyle(element).fontSize));
  return { width, height, text: Number.isFinite(text) ? text : LEAST_TEXT };
}

/** Scrolls the innermost active state into the window, if it is not there. */
export function showActive(window: HTMLElement, svg: SVGSVGElement): void {
  const box = [...svg.querySelectorAll('.state.is-active')].at(-1)?.getBoundingClientRect();
  if (box === undefined) return;
  const around = window.getBoundingClientRect();
  const isShown =
    box.left >= around.left &&
    box.right <= around.right &&
    box.top >= around.top &&
    box.bottom <= around.bottom;
  if (isShown) return;
  window.scrollLeft += box.left + box.width / 2 - (around.left + around.width / 2);
  window.scrollTop += box.top + box.height / 2 - (around.top + around.height / 2);
}

interface Listeners {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerCancel: (event: PointerEvent) => void;
}

/** Moves the drawing with the mouse, and zooms it with two fingers. One finger scrolls, as everywhere. */
export function useDrag(
  window: { readonly current: HTMLElement | null },
  zoomBy: (factor: number) => void,
): Listeners {
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const release = ({ pointerId }: PointerEvent): void => void pointers.current.delete(pointerId);
  return {
    onPointerDown: ({ pointerId, clientX, clientY }) =>
      void pointers.current.set(pointerId, { x: clientX, y: clientY }),
    onPointerUp: release,
    onPointerCancel: release,
    onPointerMove: ({ pointerId, pointerType, buttons, clientX, clientY }) => {
      const pointer = pointers.current.get(pointerId);
      const { current: element } = window;
      if (pointer === undefined || element === null) return;
      if (pointerType === 'mouse' && buttons === 0) {
        pointers.current.delete(pointerId);
        return;
      }
      const other = [...pointers.current].find(([id]) => id !== pointerId)?.[1];
      if (other !== undefined) {
        const before = Math.hypot(pointer.x - other.x, pointer.y - other.y);
        if (before > 0) zoomBy(Math.hypot(clientX - other.x, clientY - other.y) / before);
      } else if (pointerType === 'mouse') {
        element.scrollLeft -= clientX - pointer.x;
        element.scrollTop -= clientY - pointer.y;
      }
      pointer.x = clientX;
      pointer.y = clientY;
    },
  };
}
