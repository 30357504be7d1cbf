import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ErrorText } from '../wire/error-kind.ts';

/** The page uses only its own files and the views: nothing from other hosts, nothing inline, no frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every response. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    ...headers,
    'Content-Type': type,
    'Content-Length': length,
  });
  response.end(body);
}

export const answerJson = (response: ServerResponse, status: number, view: object): void =>
  answer(response, status, 'application/json; charset=utf-8', JSON.stringify(view));

export const answerText = (response: ServerResponse, status: number, text: string): void =>
  answer(response, status, 'text/plain; charset=utf-8', `${text}\n`);

/** Why a request failed. The message is shown to the client. */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param text its code is the status */
  constructor({ code, message }: ErrorText, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = Number(code);
    this.headers = headers;
  }
}

/** Answers with an ErrorView. */
export function answerProblem(response: ServerResponse, { status, message, headers }: Problem): void {
  const body = JSON.stringify({ error: message });
  answer(response, status, 'application/json; charset=utf-8', body, headers);
}
