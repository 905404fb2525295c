/**
 * The key grammar: the only place that builds or reads a Redis key. The bare form is the users' contract,
 * readable by hand; the tagged forms write the host part in literal braces for Redis Cluster.
 *
 * 1. `parse(build(ref))` equals `ref`, and distinct refs never share a key (names are encoded injectively).
 * 2. `parse` accepts only what `build` writes: any other spelling of a number or a name is undefined.
 * 3. Under `tagged` all keys of a host share a slot. Under `tagged-day` all but its packed history do, which
 *    is spread over slots by UTC day; raw reports, index and metadata stay together because one script writes
 *    them.
 */
import { assert, Fault } from '@ringwatch/kernel';
import type { KeyRef, RollupResolution } from './key-ref.ts';
import { decodeName, encodeName } from './name.ts';
import { formatSeconds, parseSeconds, utcDay } from './seconds.ts';

/** `bare` for standalone and Sentinel, `tagged` and `tagged-day` for Redis Cluster. */
export type KeyProfile = 'bare' | 'tagged' | 'tagged-day';

export interface KeyspaceOptions {
  /** Default `bare`. */
  readonly profile?: KeyProfile;
  /** Put before every key and channel with a colon: letters, digits, `_`, `.`, `-`. Default none. */
  readonly prefix?: string;
}

const PREFIX = /^[A-Za-z0-9_.-]{1,64}$/;
const NAME = '([^:{}]+)';
const TIME = '([0-9.]+)';

/** One deployment's keys: every method returns the key of what it names. Stateless, safe to share. */
export class Keyspace {
  readonly profile: KeyProfile;
  readonly #prefix: string;
  readonly #grammar: readonly Rule[];

  /** @throws {Fault} `invalid_argument` when the prefix could be mistaken for a part of a key. */
  constructor(options: KeyspaceOptions = {}) {
    const { profile = 'bare', prefix } = options;
    if (prefix !== undefined && !PREFIX.test(prefix)) {
      throw new Fault('invalid_argument', `not a key prefix: ${prefix}`, { reason: 'key_prefix_invalid' });
    }
    this.profile = profile;
    this.#prefix = prefix === undefined ? '' : `${prefix}:`;
    this.#grammar = grammarOf(profile);
  }

  /** `monitor:metrics:{host}:{timestamp}` */
  report(hostId: string, timestamp: number): string {
    return `${this.#prefix}monitor:metrics:${this.#host(hostId)}:${formatSeconds(timestamp)}`;
  }

  /** `monitor:index:metrics:{host}` */
  reportIndex(hostId: string): string {
    return `${this.#prefix}monitor:index:metrics:${this.#host(hostId)}`;
  }

  /** `monitor:hosts:{host}` */
  host(hostId: string): string {
    return `${this.#prefix}monitor:hosts:${this.#host(hostId)}`;
  }

  /** `monitor:hosts` */
  hosts(): string {
    return `${this.#prefix}monitor:hosts`;
  }

  /** `monitor:chunks:{host}:{windowStart}` */
  chunk(hostId: string, windowStart: number): string {
    const day = this.profile === 'tagged-day' ? utcDay(windowStart) : undefined;
    return `${this.#prefix}monitor:chunks:${this.#host(hostId, day)}:${formatSeconds(windowStart)}`;
  }

  /** `monitor:schema:{hash}` */
  schema(hash: string): string {
    return `${this.#prefix}monitor:schema:${encodeName(hash)}`;
  }

  /** `monitor:aggregation:{1m|1h}:{host}` */
  rollup(resolution: RollupResolution, hostId: string): string {
    return `${this.#prefix}monitor:aggregation:${resolution}:${this.#host(hostId)}`;
  }

  /** `monitor:watermark:{partition}` */
  watermark(partition: number): string {
    assert(Number.isSafeInteger(partition) && partition >= 0, `not a partition: ${partition}`);
    return `${this.#prefix}monitor:watermark:${partition}`;
  }

  /** `ringwatch:config:{family}` */
  config(family: string): string {
    return `${this.#prefix}ringwatch:config:${encodeName(family)}`;
  }

  /** `ringwatch:config:{family}:versions` */
  configVersions(family: string): string {
    return `${this.config(family)}:versions`;
  }

  /** `ringwatch:config:{family}:tombstones` */
  configTombstones(family: string): string {
    return `${this.config(family)}:tombstones`;
  }

  /** `ringwatch:config:{family}:stream` */
  configStream(family: string): string {
    return `${this.config(family)}:stream`;
  }

  /** The publish/subscribe channel `ringwatch:config:changes`; channels and keys are separate name spaces. */
  configChannel(): string {
    return `${this.#prefix}ringwatch:config:changes`;
  }

  /** The key of `ref`. */
  build(ref: KeyRef): string {
    switch (ref.kind) {
      case 'report':
        return this.report(ref.hostId, ref.timestamp);
      case 'report-index':
        return this.reportIndex(ref.hostId);
      case 'host':
        return this.host(ref.hostId);
      case 'hosts':
        return this.hosts();
      case 'chunk':
        return this.chunk(ref.hostId, ref.windowStart);
      case 'schema':
        return this.schema(ref.hash);
      case 'rollup':
        return this.rollup(ref.resolution, ref.hostId);
      case 'watermark':
        return this.watermark(ref.partition);
      case 'config':
        return this.config(ref.family);
      case 'config-versions':
        return this.configVersions(ref.family);
      case 'config-tombstones':
        return this.configTombstones(ref.family);
      case 'config-stream':
        return this.configStream(ref.family);
    }
  }

  /** What `key` means, or undefined when it is no key of this deployment and profile. */
  parse(key: string): KeyRef | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const bare = key.slice(this.#prefix.length);
    for (const { pattern, read } of this.#grammar) {
      const match = pattern.exec(bare);
      if (match === null) continue;
      const ref = read(match[1] ?? '', match[2] ?? '');
      return ref !== undefined && this.build(ref) === key ? ref : undefined; // Invariant 2.
    }
    return undefined;
  }

  #host(hostId: string, day?: string): string {
    const name = encodeName(hostId);
    if (this.profile === 'bare') return name;
    return day === undefined ? `{${name}}` : `{${name}:${day}}`;
  }
}

interface Rule {
  readonly pattern: RegExp;
  readonly read: (first: string, second: string) => KeyRef | undefined;
}

function grammarOf(profile: KeyProfile): readonly Rule[] {
  const host = profile === 'bare' ? NAME : `\\{${NAME}\\}`;
  const chunkHost = profile === 'tagged-day' ? `\\{${NAME}:\\d{4}-\\d\\d-\\d\\d\\}` : host;
  const rule = (text: string, read: Rule['read']): Rule => ({ pattern: new RegExp(`^${text}$`), read });
  return [
    rule(`monitor:metrics:${host}:${TIME}`, (host, time) =>
      named(host, (hostId) => timed(time, (timestamp) => ({ kind: 'report', hostId, timestamp }))),
    ),
    rule(`monitor:index:metrics:${host}`, (host) =>
      named(host, (hostId) => ({ kind: 'report-index', hostId })),
    ),
    rule('monitor:hosts', () => ({ kind: 'hosts' })),
    rule(`monitor:hosts:${host}`, (host) => named(host, (hostId) => ({ kind: 'host', hostId }))),
    rule(`monitor:chunks:${chunkHost}:${TIME}`, (host, time) =>
      named(host, (hostId) => timed(time, (windowStart) => ({ kind: 'chunk', hostId, windowStart }))),
    ),
    rule(`monitor:schema:${NAME}`, (hash) => named(hash, (hash) => ({ kind: 'schema', hash }))),
    rule(`monitor:aggregation:(1m|1h):${host}`, (step, host) =>
      named(host, (hostId) => ({ kind: 'rollup', resolution: step === '1m' ? '1m' : '1h', hostId })),
    ),
    rule('monitor:watermark:(\\d{1,15})', (partition) => ({
      kind: 'watermark',
      partition: Number(partition),
    })),
    rule(`ringwatch:config:${NAME}`, (name) => named(name, (family) => ({ kind: 'config', family }))),
    rule(`ringwatch:config:${NAME}:versions`, (name) =>
      named(name, (family) => ({ kind: 'config-versions', family })),
    ),
    rule(`ringwatch:config:${NAME}:tombstones`, (name) =>
      named(name, (family) => ({ kind: 'config-tombstones', family })),
    ),
    rule(`ringwatch:config:${NAME}:stream`, (name) =>
      named(name, (family) => ({ kind: 'config-stream', family })),
    ),
  ];
}

function named(encoded: string, then: (name: string) => KeyRef | undefined): KeyRef | undefined {
  const name = decodeName(encoded);
  return name === undefined ? undefined : then(name);
}

function timed(text: string, then: (seconds: number) => KeyRef): KeyRef | undefined {
  const seconds = parseSeconds(text);
  return seconds === undefined ? undefined : then(seconds);
}
