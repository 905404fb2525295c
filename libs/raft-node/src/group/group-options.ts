import { Fault, silentLogger, type Logger } from '@ringwatch/kernel';
import type { ConfState, NodeId, RaftOptions, SoftState, Storage } from '@ringwatch/raft';
import type { GroupId } from '../peers/peer-transport.ts';
import type { StateMachine } from './state-machine.ts';
import type { Timing } from '../timing.ts';

/** How a group is run on this node. */
export interface GroupOptions {
  /** The same number on all members; 0 is taken by the log. */
  readonly id: GroupId;
  readonly machine: StateMachine;
  /**
   * The members of a group that begins now, the same on each of them. Without it the node waits to be added
   * by a member. Not looked at once the group has a log here.
   */
  readonly members?: ConfState;
  /** Bytes of proposals that may wait for a turn. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** Reads that may wait. Default 65,536. */
  readonly readsMax?: number;
  /** See the core's options. Default 256 KiB. */
  readonly messageBytesMax?: number;
  /** Default 64. */
  readonly inflightMessagesMax?: number;
  /** Bytes handed to the state machine and not yet applied. Default 1 MiB. */
  readonly applyingBytesMax?: number;
  /** Default 64 MiB. */
  readonly uncommittedBytesMax?: number;
  /** A snapshot is taken after this many bytes of entries. Default 64 MiB. */
  readonly snapshotEveryBytes?: number;
  /** First index to retain once there is a snapshot after `index`. Default: the last 1,000 entries. */
  readonly retainFrom?: (index: number) => number;
  /** Role or leader have changed. */
  readonly onRole?: (soft: SoftState, term: number) => void;
  /** Everything up to `index` is applied. */
  readonly onApplied?: (index: number) => void;
  /** The group has stopped on this node for good: what it had promised is not there any more. */
  readonly onFailed?: (fault: Fault) => void;
  readonly logger?: Logger;
}

const RETAINED_ENTRIES = 1_000;
const GROUP_MAX = 2 ** 32 - 1;

/** Options of a group at work: who its members are stands in its log. */
export type GroupSettings = Required<Omit<GroupOptions, 'members'>>;

/** @throws {Fault} `invalid_argument`. */
export function checkGroupOptions({ id, members }: GroupOptions): void {
  if (!Number.isInteger(id) || id <= 0 || id > GROUP_MAX) {
    throw new Fault('invalid_argument', `${id} cannot be a group's id`);
  }
  if (members === undefined) return;
  const { voters, votersOutgoing, learners, learnersNext } = members;
  for (const ids of [voters, votersOutgoing, learners, learnersNext]) {
    if (Array.isArray(ids) && ids.every((node) => Number.isSafeInteger(node) && node > 0)) continue;
    throw new Fault('invalid_argument', 'members is not a configuration; see confStateOf');
  }
}

/** The options with their defaults. */
export function settingsOf(options: GroupOptions): GroupSettings {
  return {
    queueBytesMax: 64 * 1024 * 1024,
    readsMax: 65_536,
    messageBytesMax: 256 * 1024,
    inflightMessagesMax: 64,
    applyingBytesMax: 1024 * 1024,
    uncommittedBytesMax: 64 * 1024 * 1024,
    snapshotEveryBytes: 64 * 1024 * 1024,
    retainFrom: (index) => index - RETAINED_ENTRIES + 1,
    onRole: () => undefined,
    onApplied: () => undefined,
    onFailed: () => undefined,
    logger: silentLogger,
    ...options,
  };
}

/** What of a node does not stand in a group's options. */
export interface CoreContext {
  readonly nodeId: NodeId;
  readonly timing: Timing;
  readonly storage: Storage;
  readonly applied: number;
}

/**
 * How the core is run: it asks before it campaigns, leads only while it is heard, writes asynchronously, and
 * leaves to the application what to do with a proposal that came to the wrong node.
 */
export function coreOptions(settings: GroupSettings, context: CoreContext): RaftOptions {
  const { nodeId, timing, storage, applied } = context;
  return {
    id: nodeId,
    electionTicks: timing.electionTicks,
    heartbeatTicks: timing.heartbeatTicks,
    random: timing.random,
    storage,
    applied,
    asyncStorageWrites: true,
    preVote: true,
    checkQuorum: true,
    commitByVote: true,
    stepDownOnRemoval: true,
    disableProposalForwarding: true,
    messageBytesMax: settings.messageBytesMax,
    inflightMessagesMax: settings.inflightMessagesMax,
    applyingBytesMax: settings.applyingBytesMax,
    uncommittedBytesMax: settings.uncommittedBytesMax,
  };
}
