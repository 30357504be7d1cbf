import { afterEach, describe, expect, it, vi } from 'vitest';
import { FrontConnection } from '../../src/cluster/front-connection.ts';
import { ReplyForwarder, SessionBeginning } from '../../src/cluster/reply-forwarder.ts';
import { RequestQueue } from '../../src/cluster/request-queue.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { RequestDecoder } from '../../src/wire/request.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { coreBehind, HOST, linkOf, startFront } from '../support/fronts.ts';

// A fault of the server while it forwards a client ends the connection of that client, and nothing else.

const ends: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const end of ends.splice(0)) await end();
});

const boom = (): never => {
  throw new Error('on purpose');
};

describe('a fault while a request is forwarded', () => {
  it.each([
    ['a request is read', () => vi.spyOn(RequestDecoder.prototype, 'next').mockImplementationOnce(boom)],
    ['a request is kept', () => vi.spyOn(RequestQueue.prototype, 'add').mockImplementationOnce(boom)],
    ['a request is written', () => vi.spyOn(RequestQueue.prototype, 'encode').mockImplementationOnce(boom)],
    ['a reply is read', () => vi.spyOn(ReplyForwarder.prototype, 'receive').mockImplementationOnce(boom)],
    ['a session begins', () => vi.spyOn(SessionBeginning.prototype, 'receive').mockImplementationOnce(boom)],
    [
      'reading is held',
      () => vi.spyOn(FrontConnection.prototype, 'holdReading').mockImplementationOnce(boom),
    ],
  ])('when %s', async (_, sabotage) => {
    const logger = createLogger('silent');
    const logged = vi.spyOn(logger, 'error');
    const [owner, front] = [await startFront(), await startFront({}, { logger })];
    const core = coreBehind(owner);
    ends.push(
      () => front.close(),
      () => front.destroy(),
      () => core.close(),
      () => owner.close(),
      () => owner.destroy(),
    );
    await core.listen(HOST, 0);
    front.forward(0, linkOf(owner));
    const [bystander, victim] = [await ProtocolClient.ready(front), await ProtocolClient.ready(front)];
    await bystander.ask(['open ws', 'w', 'x', 'yes']);
    sabotage();
    victim.begin(['use ws', 'w', 'x', 'no']).whenAnswered.catch(() => undefined);
    await victim.ended();
    expect(logged).toHaveBeenCalled();
    expect((await bystander.ask(['store', 'w', 'v', '1', 'still there'])).status).toBe('0000');
    expect((await bystander.ask(['fetch', 'w', 'v'])).value).toBe('still there');
    const next = await ProtocolClient.ready(front);
    expect((await next.ask(['use ws', 'w', 'x', 'no'])).status).toBe('0000');
    next.vanish();
    bystander.vanish();
  });
});
