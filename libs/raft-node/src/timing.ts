import { Fault, type Random } from '@ringwatch/kernel';

/** How fast a node lives. All members of a group should have the same. */
export interface TimingOptions {
  /** From heartbeat to heartbeat. Default 100. */
  readonly heartbeatMs?: number;
  /** Least time without a leader before an election; the most is twice that. Default 1,000. */
  readonly electionMs?: number;
  /** A proposal that was not applied by then is given up as unknown. Default 10,000. */
  readonly proposalTimeoutMs?: number;
  /** A read that no majority confirmed by then is refused. Default: twice `electionMs`. */
  readonly readTimeoutMs?: number;
}

/** The same in ticks. */
export interface Timing {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  readonly proposalTicks: number;
  readonly readTicks: number;
  /** A disk that has not answered for so long is taken to be stuck. */
  readonly stalledMs: number;
  readonly random: Random;
}

const HEARTBEAT_MS = 100;
const ELECTION_MS = 1_000;
const PROPOSAL_TIMEOUT_MS = 10_000;
/** Ticks from heartbeat to heartbeat: finer ones spread the elections better. */
const HEARTBEAT_TICKS = 2;

/** @throws {Fault} `invalid_argument` unless several heartbeats fit into the election timeout. */
export function timingOf(options: TimingOptions, random: Random): Timing {
  const { heartbeatMs = HEARTBEAT_MS, electionMs = ELECTION_MS } = options;
  const { proposalTimeoutMs = PROPOSAL_TIMEOUT_MS, readTimeoutMs = 2 * electionMs } = options;
  if (!(heartbeatMs > 0) || electionMs < 3 * heartbeatMs) {
    throw new Fault('invalid_argument', 'electionMs must be at least three times heartbeatMs');
  }
  const tickMs = heartbeatMs / HEARTBEAT_TICKS;
  const ticks = (ms: number): number => Math.ceil(ms / tickMs);
  return {
    tickMs,
    heartbeatTicks: HEARTBEAT_TICKS,
    electionTicks: ticks(electionMs),
    proposalTicks: ticks(proposalTimeoutMs),
    readTicks: ticks(readTimeoutMs),
    stalledMs: electionMs / 2,
    random,
  };
}
