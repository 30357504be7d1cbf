import type { Reading } from './values.ts';

/** Data about the server that the core does not have. */
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
  /** @returns the SVG of a machine by its id; '' if there is none */
  drawing(chart: string): string;
}
