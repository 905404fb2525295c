/**
 * Brings new reports to all viewers.
 *
 * 1. Reports are gathered for TICK_MS and leave together: a thousand hosts at one second are ten frames a
 *    second for a viewer, not a thousand.
 * 2. Viewers with the same subscription share a channel, and its frame is encoded and turned into bytes once.
 * 3. What waits is sent out before a viewer begins, so that its snapshot and the next update do not overlap.
 */
import type { Clock } from '@ringwatch/kernel';
import {
  CLOSE_GOING_AWAY,
  compileFilter,
  encodeFrame,
  LiveChannel,
  LiveSession,
  type LatestTable,
  type LiveReport,
  type ServerFrame,
  type SessionEffect,
  type SessionMoment,
  type SourceStatus,
  type SubscribeFrame,
} from '@ringwatch/live';

/** How long reports are gathered. Also how often slow viewers are looked after. */
export const TICK_MS = 100;

/** A viewer's socket. */
export interface Viewer {
  readonly bufferedBytes: number;
  send(data: string | Buffer): void;
  close(code: number, reason: string): void;
}

interface Room {
  readonly channel: LiveChannel;
  readonly viewers: Set<Viewer>;
  generation: number;
}

export interface LiveHubOptions {
  readonly clock: Clock;
  readonly latest: LatestTable;
  /** False until it is known which hosts there are. */
  readonly ready: () => boolean;
  readonly status: () => SourceStatus;
  readonly intervalMs: () => number;
  readonly backends: Readonly<Record<string, string>>;
}

/** What the hub does at the moment, for status and metrics. */
export interface LiveCounts {
  readonly viewers: number;
  readonly channels: number;
  /** Frames encoded and frames sent since the start: their ratio is what sharing saves. */
  readonly framesEncoded: number;
  readonly framesSent: number;
}

export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #sessions = new Map<Viewer, LiveSession>();
  readonly #rooms = new Map<string, Room>();
  #gathered: LiveReport[] = [];
  #encoded = 0;
  #sent = 0;
  #cancelTick = (): void => undefined;

  constructor(options: LiveHubOptions) {
    this.#options = options;
  }

  get counts(): LiveCounts {
    const viewers = this.#sessions.size;
    return { viewers, channels: this.#rooms.size, framesEncoded: this.#encoded, framesSent: this.#sent };
  }

  start(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      this.#tick();
      this.start();
    });
  }

  /** Says goodbye to everyone; they come back to another gateway, or to this one's successor. */
  stop(): void {
    this.#cancelTick();
    const farewell = encodeFrame({ type: 'closing', reason: 'the gateway is stopping', retryAfterMs: 500 });
    for (const viewer of this.#sessions.keys()) {
      viewer.send(farewell);
      viewer.close(CLOSE_GOING_AWAY, 'the gateway is stopping');
    }
  }

  enter(viewer: Viewer): void {
    const { clock, intervalMs, backends, status } = this.#options;
    this.#sessions.set(viewer, new LiveSession());
    const serverTimeMs = clock.nowMs();
    this.#say(viewer, {
      type: 'welcome',
      serverTimeMs,
      intervalMs: intervalMs(),
      backends,
      status: status(),
    });
  }

  receive(viewer: Viewer, text: string): void {
    const session = this.#sessions.get(viewer);
    if (session !== undefined) this.#perform(viewer, session, session.receive(text, this.#moment(viewer)));
  }

  leave(viewer: Viewer): void {
    const session = this.#sessions.get(viewer);
    this.#sessions.delete(viewer);
    for (const channel of session?.channels() ?? []) this.#abandon(viewer, channel);
  }

  publish(reports: readonly LiveReport[]): void {
    for (const report of reports) this.#gathered.push(report);
  }

  /** The table was filled anew: everyone begins, or begins again. */
  restart(): void {
    this.#gathered = [];
    for (const room of this.#rooms.values()) this.#beginAgain(room);
  }

  /** Tells every viewer, whatever it subscribed to. */
  tell(frame: Extract<ServerFrame, { type: 'status' | 'settings' }>): void {
    const text = encodeFrame(frame);
    this.#encoded++;
    for (const viewer of this.#sessions.keys()) this.#send(viewer, text);
  }

  #tick(): void {
    this.#flush();
    for (const [viewer, session] of this.#sessions) {
      this.#perform(viewer, session, session.drain(this.#moment(viewer)));
    }
  }

  #flush(): void {
    if (this.#gathered.length === 0) return;
    const reports = this.#gathered;
    this.#gathered = [];
    for (const room of this.#rooms.values()) {
      const update = room.channel.update(reports, this.#options.clock.nowMs());
      if (room.channel.generation !== room.generation) {
        this.#beginAgain(room);
        continue;
      }
      if (update === undefined) continue;
      const shared = Buffer.from(update.text);
      this.#encoded++;
      for (const viewer of room.viewers) {
        const session = this.#sessions.get(viewer);
        if (session === undefined) continue;
        this.#perform(viewer, session, session.offer(room.channel, update, this.#moment(viewer)), shared);
      }
    }
  }

  #beginAgain(room: Room): void {
    room.generation = room.channel.generation;
    const snapshot = room.channel.snapshot(this.#options.latest.values());
    for (const viewer of room.viewers) {
      const session = this.#sessions.get(viewer);
      if (session === undefined) continue;
      this.#perform(viewer, session, session.begin(room.channel, snapshot, this.#moment(viewer)));
    }
  }

  #open(viewer: Viewer, session: LiveSession, frame: SubscribeFrame): void {
    this.#flush();
    const filter = compileFilter(frame);
    let room = this.#rooms.get(filter.key);
    if (room === undefined) {
      room = { channel: new LiveChannel(frame.id, filter), viewers: new Set(), generation: 0 };
      this.#rooms.set(filter.key, room);
    }
    room.viewers.add(viewer);
    if (!this.#options.ready()) return session.wait(room.channel);
    const snapshot = room.channel.snapshot(this.#options.latest.values());
    this.#perform(viewer, session, session.begin(room.channel, snapshot, this.#moment(viewer)));
  }

  #abandon(viewer: Viewer, channel: LiveChannel): void {
    const room = this.#rooms.get(channel.filter.key);
    room?.viewers.delete(viewer);
    if (room?.viewers.size === 0) this.#rooms.delete(channel.filter.key);
  }

  #perform(viewer: Viewer, session: LiveSession, effects: readonly SessionEffect[], shared?: Buffer): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#encoded++;
          this.#send(viewer, effect.text);
          break;
        case 'forward':
          if (shared !== undefined) this.#send(viewer, shared);
          break;
        case 'open':
          this.#open(viewer, session, effect.frame);
          break;
        case 'drop':
          this.#abandon(viewer, effect.channel);
          break;
        case 'close':
          viewer.close(effect.code, effect.reason);
          break;
      }
    }
  }

  #say(viewer: Viewer, frame: ServerFrame): void {
    this.#encoded++;
    this.#send(viewer, encodeFrame(frame));
  }

  #send(viewer: Viewer, data: string | Buffer): void {
    this.#sent++;
    viewer.send(data);
  }

  #moment(viewer: Viewer): SessionMoment {
    const { clock } = this.#options;
    return {
      bufferedBytes: viewer.bufferedBytes,
      monotonicMs: clock.monotonicMs(),
      wallMs: clock.nowMs(),
    };
  }
}
