/**
 * Who may open `/live`. Browsers do not guard WebSockets by CORS, so a page of another site is refused here;
 * and no address may take all the sockets.
 */
import type { IncomingMessage } from 'node:http';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { hostRefusal } from '@ringwatch/service';
import type { ServerOptions } from 'ws';

export interface AdmissionOptions {
  /** The address that the gateway listens on. */
  readonly listen: string;
  /** Origins besides the gateway's own host. */
  readonly allowedOrigins: readonly string[];
  readonly socketsMax: number;
  readonly socketsPerAddressMax: number;
  readonly draining: () => boolean;
}

/** Counts sockets, and says why one is refused: an HTTP status, or undefined when it is let in. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #byAddress = new Map<string, number>();
  #sockets = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  refusal(request: IncomingMessage): { readonly status: number; readonly why: string } | undefined {
    const { listen, socketsMax, socketsPerAddressMax, draining } = this.#options;
    if (draining()) return { status: 503, why: 'the gateway is stopping' };
    const foreign = hostRefusal(listen, request.headers.host);
    if (foreign !== undefined) return { status: 403, why: foreign.detail };
    if (!this.#sameSite(request)) return { status: 403, why: 'this origin is not allowed' };
    if (this.#sockets >= socketsMax) return { status: 503, why: 'too many viewers' };
    if ((this.#byAddress.get(addressOf(request)) ?? 0) >= socketsPerAddressMax) {
      return { status: 429, why: 'too many viewers from this address' };
    }
    return undefined;
  }

  /** Counts a socket that was let in; the returned function counts it out. */
  enter(request: IncomingMessage): () => void {
    const address = addressOf(request);
    this.#sockets++;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    return () => {
      this.#sockets--;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }

  /** Programs send no Origin; browsers always do. */
  #sameSite({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    if (origin === undefined) return true;
    if (this.#options.allowedOrigins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }
}

/** Nest's adapter for `ws` with the admission in front of the upgrade. */
export class LiveAdapter extends WsAdapter {
  readonly #admission: Admission;

  constructor(app: INestApplicationContext, admission: Admission) {
    super(app, { messageParser: () => undefined }); // Messages are the hub's; Nest would parse them again.
    this.#admission = admission;
  }

  override create(port: number, options: Record<string, unknown>): unknown {
    const verifyClient: ServerOptions['verifyClient'] = ({ req }, answer) => {
      const refusal = this.#admission.refusal(req);
      if (refusal === undefined) return answer(true);
      answer(false, refusal.status, refusal.why);
    };
    return super.create(port, { ...options, verifyClient } as never);
  }
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}
