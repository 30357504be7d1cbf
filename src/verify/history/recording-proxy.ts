import type { Address } from '../protocol-client.ts';
import { TcpProxy, type Passage } from '../tcp-proxy.ts';
import { RecordedConnection } from './recorded-connection.ts';
import { Recording } from './recording.ts';

/**
 * Stands before a server and records what its clients ask and are answered, whatever language they are written in.
 * Bytes pass unchanged. A connection that starts TLS, or has replies without metadata, passes unrecorded.
 */
export class RecordingProxy extends TcpProxy {
  readonly recording = new Recording();
  #unrecorded = 0;

  /** @param server the current address of the server, which may restart elsewhere */
  static async before(server: () => Address): Promise<RecordingProxy> {
    return new RecordingProxy(server).listening();
  }

  /** Connections that could not be recorded. */
  get unrecorded(): number {
    return this.#unrecorded;
  }

  protected override passage(): Passage {
    const recorded = new RecordedConnection(this.recording, () => this.#unrecorded++);
    return {
      sent: (bytes, forward) => {
        recorded.sent(bytes);
        forward(bytes);
      },
      received: (bytes, forward) => {
        recorded.received(bytes);
        forward(bytes);
      },
      closed: () => recorded.closed(),
    };
  }
}
