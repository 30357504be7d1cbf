// Tasks that fail in many ways.
class HttpError extends TypeError {
  name = 'HttpError';
  status = 503;
}

function refuse() {
  throw Object.assign(new HttpError('busy', { cause: new RangeError('socket', { cause: 'unplugged' }) }), {
    code: 'ECONNRESET',
    retry: { after: new Date(0), with: new Map([[1, new URL('https://shop.example/')]]) },
    send: () => 1,
    agent: new (class Agent {
      open = () => 1;
    })(),
  });
}

export const THROWN = {
  nested: () => refuse(),
  several: () => {
    throw new AggregateError([new Error('first'), new SyntaxError('second')], 'both failed');
  },
  circular: () => {
    const error = new Error('round');
    error.self = { error };
    throw error;
  },
  abort: () => AbortSignal.abort().throwIfAborted(),
  huge: () => {
    throw Object.assign(new Error('large'), { body: 'x'.repeat(1e6), bytes: new Uint8Array(1e6) });
  },
  text: () => {
    throw 'no';
  },
  nothing: () => {
    throw undefined;
  },
  object: () => {
    throw { code: 7, retry: () => 1 };
  },
  strange: () => {
    throw Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('never');
      },
    });
  },
  later: async () => {
    await Promise.resolve();
    refuse();
  },
};
export const fail = (name) => THROWN[name]();
