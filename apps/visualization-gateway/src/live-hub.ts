/**
 * Brings new reports to all viewers.
 *
 * 1. Reports are gathered for TICK_MS and leave together: a thousand hosts at one second are ten frames a
 *    second for a viewer, not a thousand.
 * 2. Viewers with the same subscription share a channel, and its frame is encoded and turned into bytes once.
 * 3. What waits is sent out before a viewer begins, so that its snapshot and the next update do not overlap.
 * 4. A viewer begins when its channel has judged all hosts. With globs that takes a while ({@link
 *    JudgeQueue}); nobody else waits for it.
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
import { JudgeQueue } from './judge-queue.ts';

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
  /** Those of `viewers` that have not got their snapshot. */
  readonly waiting: Set<Viewer>;
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
  readonly #judges: JudgeQueue;
  #gathered: LiveReport[] = [];
  #encoded = 0;
  #sent = 0;
  #cancelTick = (): void => undefined;

  constructor(options: LiveHubOptions) {
    this.#options = options;
    this.#judges = new JudgeQueue(options.clock, (channel) => this.#onSettled(channel));
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
    this.#judges.stop();
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
    this.#flush();
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
    const reports = this.#gathered;
    this.#gathered = [];
    for (const room of this.#rooms.values()) {
      const update = room.channel.update(reports, this.#options.clock.nowMs());
      if (!room.channel.settled) this.#judges.add(room.channel);
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
    for (const viewer of room.viewers) {
      this.#sessions.get(viewer)?.wait(room.channel);
      room.waiting.add(viewer);
    }
    this.#beginWaiting(room);
  }

  /** Gives those who wait their snapshot, if it would be whole by now (invariant 4). */
  #beginWaiting(room: Room): void {
    const { latest, ready } = this.#options;
    if (room.waiting.size === 0 || !ready()) return;
    if (!room.channel.prepare(latest.values())) return this.#judges.add(room.channel);
    const snapshot = room.channel.snapshot(latest.values());
    for (const viewer of room.waiting) {
      room.waiting.delete(viewer);
      const session = this.#sessions.get(viewer);
      if (session === undefined) continue;
      this.#perform(viewer, session, session.begin(room.channel, snapshot, this.#moment(viewer)));
    }
  }

  #onSettled(channel: LiveChannel): void {
    const room = this.#rooms.get(channel.filter.key);
    if (room === undefined || room.waiting.size === 0) return; // What was judged leaves with the next tick.
    this.#flush();
    this.#beginWaiting(room);
  }

  #open(viewer: Viewer, session: LiveSession, frame: SubscribeFrame): void {
    this.#flush();
    const filter = compileFilter(frame);
    let room = this.#rooms.get(filter.key);
    if (room === undefined) {
      const channel = new LiveChannel(frame.id, filter);
      room = { channel, viewers: new Set(), waiting: new Set(), generation: 0 };
      this.#rooms.set(filter.key, room);
    }
    session.wait(room.channel);
    room.viewers.add(viewer);
    room.waiting.add(viewer);
    this.#beginWaiting(room);
  }

  #abandon(viewer: Viewer, channel: LiveChannel): void {
    const room = this.#rooms.get(channel.filter.key);
    room?.viewers.delete(viewer);
    room?.waiting.delete(viewer);
    if (room?.viewers.size !== 0) return;
    this.#rooms.delete(channel.filter.key);
    this.#judges.remove(channel);
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
