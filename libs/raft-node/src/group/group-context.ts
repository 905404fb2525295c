import type { NodeId, SoftState } from '@ringwatch/raft';
import type { PeerTransport } from '../peers/peer-transport.ts';
import type { Timing } from '../timing.ts';

/** What has turns, and may want another one. */
export interface TurnTaker {
  turn(): void;
  /** True when another turn is needed without any input. */
  readonly hasWork: boolean;
}

/** What a group needs of the process that it shares. */
export interface GroupContext {
  readonly nodeId: NodeId;
  readonly transport: PeerTransport;
  readonly timing: Timing;
  /** Lets the group have a turn soon. */
  wake(group: TurnTaker): void;
  /** Calls `run` in about a millisecond; what it sends leaves then. */
  soon(run: () => void): void;
  /** Calls `run` when all that is staged by now is durable. */
  afterDurable(run: () => void): void;
  /** True while heartbeats should not be sent, for the disk does not keep up. */
  readonly diskStalled: boolean;
}

/** Counts since the start, and what holds now; for metrics. */
export interface GroupStats {
  readonly role: SoftState['role'];
  readonly lead: NodeId;
  readonly term: number;
  readonly committed: number;
  readonly applied: number;
  /** Elections that this node began, pre-votes not counted. */
  readonly elections: number;
  readonly proposals: number;
  readonly snapshotsTaken: number;
  readonly snapshotsReceived: number;
}
