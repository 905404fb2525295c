import type { IncomingMessage } from 'node:http';
import { WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { FRAME_SIZE_MAX } from '@ringwatch/live';
import type { RawData, WebSocket } from 'ws';
import { Admission } from './live-adapter.ts';
import { LiveHub, type Viewer } from './live-hub.ts';

/** A client's message comes in one piece, or nearly. */
const FRAGMENTS_MAX = 16;
/** A socket that did not answer a ping of this long ago is gone. */
const PING_EVERY_MS = 30_000;

/** How long a peer may take to answer a close; one that reads nothing would hold a stopping gateway up. */
const CLOSE_GRACE_MS = 2_000;

const SOCKET_OPTIONS = {
  path: '/live',
  maxPayload: FRAME_SIZE_MAX,
  maxFragments: FRAGMENTS_MAX,
  perMessageDeflate: false,
};

/** The WebSocket door: sockets to the hub, and the hub's frames to sockets. */
@WebSocketGateway(SOCKET_OPTIONS)
export class LiveGateway implements OnGatewayConnection<WebSocket> {
  constructor(
    private readonly hub: LiveHub,
    private readonly admission: Admission,
  ) {}

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    const viewer = new SocketViewer(socket);
    const countOut = this.admission.enter(request);
    const stopPinging = keepAlive(socket);
    socket.on('message', (data: RawData, binary: boolean) => {
      if (binary) return viewer.close(1003, 'frames are text');
      this.hub.receive(viewer, (data as Buffer).toString());
    });
    socket.once('close', () => {
      stopPinging();
      countOut();
      this.hub.leave(viewer);
    });
    this.hub.enter(viewer);
  }
}

class SocketViewer implements Viewer {
  constructor(private readonly socket: WebSocket) {}

  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  send(data: string | Buffer): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(data, { binary: false });
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), CLOSE_GRACE_MS).unref();
  }
}

/** Ends a socket whose peer vanished without a word; the returned function stops looking. */
function keepAlive(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => void (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
