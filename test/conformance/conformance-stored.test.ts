import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { byForm } from '../support/form.ts';
import { started, testConversations } from './conversations.ts';

// Clients see no difference between a server with a store and one without.
const folder = mkdtempSync(join(tmpdir(), 'sleigh-conformance-'));
// Registered first, so that it is called last.
afterAll(() => rmSync(folder, { recursive: true }));
testConversations(started({ data: { folder } }), byForm(3, 1, 1));
