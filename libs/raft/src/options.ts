import { Fault, type Random } from '@ringwatch/kernel';
import { NONE, type NodeId } from './message.ts';
import type { Storage } from './storage.ts';

/** How reads that must be linearizable make sure that the leader still leads. */
export type ReadOnlyOption =
  /** A round of heartbeats per batch of reads (Raft thesis §6.4). */
  | 'safe'
  /**
   * The last round, while it is younger than the election timeout. Correct only while clocks keep pace and no
   * node is back from a restart within an election timeout, for it has forgotten whom it promised to follow.
   */
  | 'lease-based';

export interface RaftOptions {
  readonly id: NodeId;
  /** Ticks without a leader until a node campaigns: uniform in [electionTicks, 2 · electionTicks). */
  readonly electionTicks: number;
  /** Ticks from heartbeat to heartbeat; less than `electionTicks`, best a tenth of it. */
  readonly heartbeatTicks: number;
  readonly storage: Storage;
  /** Draws election timeouts. */
  readonly random: Random;
  /**
   * Last index that the application has applied, after a restart; the membership that storage gives is the
   * one at this index. Default: the index before the first one in storage.
   */
  readonly applied?: number;
  /**
   * Writes and applications are messages to the storage threads, answered in any rhythm, instead of parts of
   * `Ready` that `advance` confirms. Default false.
   */
  readonly asyncStorageWrites?: boolean;
  /** Bytes of entries in one append message, but at least one entry. Default 256 KiB. */
  readonly messageBytesMax?: number;
  /** Bytes of committed entries handed out and not yet applied. Default: `messageBytesMax`. */
  readonly applyingBytesMax?: number;
  /** Bytes of data that may wait to be committed; more is dropped. Default 64 MiB. */
  readonly uncommittedBytesMax?: number;
  /** Append messages on their way to one follower. Default 256. */
  readonly inflightMessagesMax?: number;
  /** Bytes on their way to one follower. Default 16 MiB; not below `messageBytesMax`. */
  readonly inflightBytesMax?: number;
  /** Reads that wait for the leader's first commit or for a round; more are dropped. Default 4096. */
  readonly readsPendingMax?: number;
  /** The leader steps down when it hears from no majority; votes are refused while a leader is heard of. */
  readonly checkQuorum?: boolean;
  /** Ask before campaigning, so that a node that was cut off does not push the term (Raft thesis §9.6). */
  readonly preVote?: boolean;
  /**
   * Who refuses a vote tells what it knows to be committed. Without it nodes that missed the commit of a
   * membership change may need the vote of one that has left, and refuses for ever. Default false, as in
   * etcd.
   */
  readonly commitByVote?: boolean;
  /** Default `safe`. `lease-based` needs `checkQuorum`. */
  readonly readOnly?: ReadOnlyOption;
  /** Followers drop proposals instead of sending them to the leader. Default false. */
  readonly disableProposalForwarding?: boolean;
  /** Membership changes are proposed unseen; only for applications that check them themselves. */
  readonly disableConfChangeValidation?: boolean;
  /** The leader steps down when it was removed or made a learner. Default false, as in etcd. */
  readonly stepDownOnRemoval?: boolean;
}

const MESSAGE_BYTES_MAX = 256 * 1024;
const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
const INFLIGHT_MESSAGES_MAX = 256;
const INFLIGHT_BYTES_MAX = 16 * 1024 * 1024;
const READS_PENDING_MAX = 4096;
const LIMITS = [
  'messageBytesMax',
  'applyingBytesMax',
  'uncommittedBytesMax',
  'inflightMessagesMax',
  'inflightBytesMax',
  'readsPendingMax',
] as const;

/** The options with their defaults. @throws {Fault} `invalid_argument` for ones that cannot work. */
export function withDefaults(options: RaftOptions): Required<RaftOptions> {
  const messageBytesMax = options.messageBytesMax ?? MESSAGE_BYTES_MAX;
  const whole: Required<RaftOptions> = {
    id: options.id,
    electionTicks: options.electionTicks,
    heartbeatTicks: options.heartbeatTicks,
    storage: options.storage,
    random: options.random,
    applied: options.applied ?? 0,
    asyncStorageWrites: options.asyncStorageWrites ?? false,
    messageBytesMax,
    applyingBytesMax: options.applyingBytesMax ?? messageBytesMax,
    uncommittedBytesMax: options.uncommittedBytesMax ?? UNCOMMITTED_BYTES_MAX,
    inflightMessagesMax: options.inflightMessagesMax ?? INFLIGHT_MESSAGES_MAX,
    inflightBytesMax: options.inflightBytesMax ?? Math.max(INFLIGHT_BYTES_MAX, messageBytesMax),
    readsPendingMax: options.readsPendingMax ?? READS_PENDING_MAX,
    checkQuorum: options.checkQuorum ?? false,
    preVote: options.preVote ?? false,
    commitByVote: options.commitByVote ?? false,
    readOnly: options.readOnly ?? 'safe',
    disableProposalForwarding: options.disableProposalForwarding ?? false,
    disableConfChangeValidation: options.disableConfChangeValidation ?? false,
    stepDownOnRemoval: options.stepDownOnRemoval ?? false,
  };
  const wrong = faultOf(whole);
  if (wrong !== undefined) throw new Fault('invalid_argument', wrong);
  return whole;
}

function faultOf(options: Required<RaftOptions>): string | undefined {
  const { id, heartbeatTicks, electionTicks } = options;
  if (!Number.isSafeInteger(id) || id <= NONE) return `${id} cannot be a node's id`;
  if (!(Number.isSafeInteger(heartbeatTicks) && heartbeatTicks > 0)) return 'heartbeatTicks must be positive';
  if (!(Number.isSafeInteger(electionTicks) && electionTicks > heartbeatTicks)) {
    return 'electionTicks must be more than heartbeatTicks';
  }
  const limit = LIMITS.find((name) => !(options[name] > 0));
  if (limit !== undefined) return `${limit} must be positive`;
  if (options.inflightBytesMax < options.messageBytesMax) return 'inflightBytesMax must hold one message';
  if (options.readOnly === 'lease-based' && !options.checkQuorum) return 'leases need checkQuorum';
  return undefined;
}
