import { test } from 'vitest';
import { simulated, type ServerOptions, type SimulatedServer } from './simulated-server.ts';

/** A test with a simulated server of its own, at whose end nothing may be left. */
export const it = (name: string, body: (server: SimulatedServer) => void, options?: ServerOptions): void =>
  test(name, simulated(body, options));
