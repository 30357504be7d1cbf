import type { Reading } from './values.ts';

/** What the core does not know of itself. */
export interface About extends Reading {
  readonly host: string;
  readonly port: number;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether the page may delete and fetch. */
  readonly writable: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  /** @returns the SVG of a chart, by the id of its machine; '' where there is none */
  drawing(chart: string): string;
}
