import { expect } from 'vitest';
import { OK } from './replies.ts';
import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedServer } from './simulated-server.ts';

/** A client that has opened the persistent workspace `w`. */
export function opened(server: SimulatedServer): SimulatedClient {
  const client = server.connect();
  expect(client.call(['open ws', 'w', 'label', 'yes'])).toMatchObject(OK);
  return client;
}

/** Stores values in the variable `v` of the workspace `w`. */
export function store(client: SimulatedClient, ...values: readonly string[]): void {
  for (const value of values) expect(client.call(['store', 'w', 'v', '1', value])).toMatchObject(OK);
}
