/** The errors of a connection, as Node reports them. */
export function socketError(code: 'ECONNREFUSED' | 'ECONNRESET' | 'ETIMEDOUT'): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code}`), { code });
}
