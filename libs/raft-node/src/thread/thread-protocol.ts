/**
 * What the main thread and the Raft worker tell each other: one buffer per turn and direction, transferred,
 * with records one after the other. Both ends are of the same build, so there is no version.
 *
 *     to the worker    propose   group, id, data          a proposal
 *                      read      group, id                a linearizable read
 *                      taken     group, bytes             the state machine has applied so much
 *                      state     group, job, data         a chunk of a snapshot; an empty one ends it
 *                      command   JSON                     all that is rare
 *     to the main      apply     group, count, per entry: index, term, data
 *                      proposed  id, index, term          and applied: the entries came before
 *                      read      id, index
 *                      refused   id, JSON                 a proposal, read or command failed
 *                      done      id, JSON                 a command succeeded
 *                      restore   group, index, data       a chunk of a snapshot; an empty one ends it
 *                      snapshot  group, job               the state is wanted
 *                      event     JSON
 *
 * A kind is a byte; numbers are varints; data has its length in front.
 */
import { Fault, toFault, type FaultCode } from '@ringwatch/kernel';
import type { ConfChange, ConfChangeV2, ConfState, NodeId, SoftState } from '@ringwatch/raft';
import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import type { GroupOptions } from '../group/group-options.ts';
import type { GroupId } from '../peers/peer-transport.ts';

export const TO_WORKER = { propose: 1, read: 2, taken: 3, state: 4, command: 5 } as const;
export const TO_MAIN = {
  apply: 1,
  proposed: 2,
  read: 3,
  refused: 4,
  done: 5,
  restore: 6,
  snapshot: 7,
  event: 8,
} as const;

/** Options of a group that can be sent: functions stay behind. */
export type SentGroupOptions = Omit<
  GroupOptions,
  'machine' | 'retainFrom' | 'onRole' | 'onApplied' | 'onFailed' | 'logger'
> & {
  /** Entries before the snapshot's that are kept. */
  readonly retainEntries?: number;
};

/** Rare things that the main thread asks for. */
export type Command = { readonly id: number } & (
  | { readonly kind: 'open'; readonly options: SentGroupOptions }
  | { readonly kind: 'stop' | 'snapshot' | 'campaign' | 'status'; readonly group: GroupId }
  | { readonly kind: 'compact'; readonly group: GroupId; readonly index: number }
  | { readonly kind: 'transfer'; readonly group: GroupId; readonly to: NodeId }
  | { readonly kind: 'change'; readonly group: GroupId; readonly change: SentChange }
  | { readonly kind: 'peers'; readonly addresses: readonly (readonly [NodeId, string])[] }
  | { readonly kind: 'stats' | 'close' }
);

/** `Omit` for each member of a union apart. */
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A command before it has its number. */
export type CommandBody = WithoutId<Command>;

/** A membership change; its context does not travel, for state machines do not see it. */
export type SentChange = Omit<ConfChange, 'context'> | Omit<ConfChangeV2, 'context'>;

/** What the worker tells of its own accord. */
export type WorkerEvent =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'not-started'; readonly fault: SentFault }
  | {
      readonly kind: 'role';
      readonly group: GroupId;
      readonly soft: SoftState;
      readonly term: number;
      readonly members: ConfState;
    }
  | { readonly kind: 'failed'; readonly group: GroupId; readonly fault: SentFault }
  | { readonly kind: 'broken'; readonly fault: SentFault }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly fields: object; readonly message: string };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface SentFault {
  readonly code: FaultCode;
  readonly detail: string;
  readonly reason: string;
  readonly retryAfterMs?: number;
}

/** Gathers records and sends them when the turn is over. */
export class RecordWriter extends ByteWriter {
  #scheduled = false;
  readonly #post: (bytes: Uint8Array<ArrayBuffer>) => void;

  /** @param post sends a buffer that it may transfer. */
  constructor(post: (bytes: Uint8Array<ArrayBuffer>) => void) {
    super();
    this.#post = post;
  }

  /** Begins a record; it leaves with the others of this turn. */
  begin(kind: number): void {
    this.u8(kind);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.send());
  }

  /** Sends what has gathered, now. */
  send(): void {
    this.#scheduled = false;
    if (this.length === 0) return;
    this.#post(new Uint8Array(this.bytes));
    this.reset();
  }

  sized(data: Uint8Array): void {
    this.varint(data.length);
    this.data(data);
  }

  json(value: unknown): void {
    this.sized(Buffer.from(JSON.stringify(value, finite)));
  }
}

/** JSON has no word for what is without a limit. */
function finite(_key: string, value: unknown): unknown {
  return value === Infinity ? Number.MAX_SAFE_INTEGER : value;
}

export function readSized(reader: ByteReader): Buffer {
  return reader.data(reader.varint());
}

export function readJson(reader: ByteReader): unknown {
  return JSON.parse(readSized(reader).toString());
}

export function sentFault(error: unknown): SentFault {
  const { code, detail, reason, retryAfterMs } = toFault(error);
  return { code, detail, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

export function faultOf({ code, detail, ...options }: SentFault): Fault {
  return new Fault(code, detail, options);
}
