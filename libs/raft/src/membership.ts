/**
 * How a membership change turns one configuration into the next (Raft thesis §4). Pure: what is refused
 * leaves nothing behind.
 *
 * 1. A configuration has a voter, or it is the empty one of a node that has not heard of its group.
 * 2. Voters and learners are disjoint, in both halves of a joint configuration.
 * 3. A voter of the outgoing half that is to become a learner waits in `learnersNext`.
 */
import { assert, Fault } from '@ringwatch/kernel';
import {
  asV2,
  entersJoint,
  leavesJoint,
  type ConfChange,
  type ConfChangeSingle,
  type ConfChangeV2,
} from './conf-change.ts';
import { EMPTY_CONF_STATE, NONE, type ConfState, type NodeId } from './message.ts';

/** The next configuration, and the nodes that start in it with nothing known of them. */
export interface MembershipChange {
  readonly confState: ConfState;
  readonly fresh: ReadonlySet<NodeId>;
}

interface Draft {
  readonly voters: Set<NodeId>;
  readonly votersOutgoing: Set<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
  autoLeave: boolean;
  readonly tracked: Set<NodeId>;
  readonly fresh: Set<NodeId>;
}

/** Whichever of the three ways `change` asks for. @throws {Fault} `failed_precondition`. */
export function changeMembership(confState: ConfState, change: ConfChange | ConfChangeV2): MembershipChange {
  const v2 = asV2(change);
  if (leavesJoint(v2)) return leaveJoint(confState);
  const joint = entersJoint(v2);
  return joint === undefined
    ? changeSimply(confState, v2.changes)
    : enterJoint(confState, v2.changes, joint.autoLeave);
}

/** Changes at most one voter, and any learners. @throws {Fault} `failed_precondition`. */
export function changeSimply(confState: ConfState, changes: readonly ConfChangeSingle[]): MembershipChange {
  if (isJoint(confState)) throw refused("can't apply simple config change in joint config");
  const draft = draftOf(confState);
  applyAll(draft, changes);
  const left = confState.voters.filter((id) => !draft.voters.has(id)).length;
  const joined = draft.voters.size - (confState.voters.length - left);
  if (left + joined > 1) throw refused('more than one voter changed without entering joint config');
  return finished(draft);
}

/** From here on old and new voters decide together. @throws {Fault} `failed_precondition`. */
export function enterJoint(
  confState: ConfState,
  changes: readonly ConfChangeSingle[],
  autoLeave: boolean,
): MembershipChange {
  if (isJoint(confState)) throw refused('config is already joint');
  if (confState.voters.length === 0) throw refused("can't make a zero-voter config joint");
  const draft = draftOf(confState);
  for (const id of confState.voters) draft.votersOutgoing.add(id);
  applyAll(draft, changes);
  draft.autoLeave = autoLeave;
  return finished(draft);
}

/** From here on the new voters decide alone. @throws {Fault} `failed_precondition`. */
export function leaveJoint(confState: ConfState): MembershipChange {
  if (!isJoint(confState)) throw refused("can't leave a non-joint config");
  const draft = draftOf(confState);
  for (const id of draft.learnersNext) draft.learners.add(id);
  draft.learnersNext.clear();
  draft.votersOutgoing.clear();
  draft.autoLeave = false;
  return finished(draft);
}

export function isJoint(confState: ConfState): boolean {
  return confState.votersOutgoing.length > 0;
}

/** Everyone that a leader sends the log to, ascending. */
export function memberIds(confState: ConfState): NodeId[] {
  const { voters, votersOutgoing, learners, learnersNext } = confState;
  return ascending(new Set([...voters, ...votersOutgoing, ...learners, ...learnersNext]));
}

/** `confState` with its ids in order and once each, as every other function here expects them. */
export function normalized(confState: ConfState): ConfState {
  return finished(draftOf(confState)).confState;
}

function applyAll(draft: Draft, changes: readonly ConfChangeSingle[]): void {
  for (const { type, nodeId } of changes) {
    // An application may take a change back by setting its node to none.
    if (nodeId === NONE) continue;
    switch (type) {
      case 'ConfChangeAddNode':
        makeVoter(draft, nodeId);
        break;
      case 'ConfChangeAddLearnerNode':
        makeLearner(draft, nodeId);
        break;
      case 'ConfChangeRemoveNode':
        remove(draft, nodeId);
        break;
      case 'ConfChangeUpdateNode':
        break;
    }
  }
  if (draft.voters.size === 0) throw refused('removed all voters');
}

function makeVoter(draft: Draft, id: NodeId): void {
  track(draft, id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  draft.voters.add(id);
}

function makeLearner(draft: Draft, id: NodeId): void {
  track(draft, id);
  if (draft.learners.has(id)) return;
  draft.voters.delete(id);
  if (draft.votersOutgoing.has(id)) draft.learnersNext.add(id);
  else draft.learners.add(id);
}

function remove(draft: Draft, id: NodeId): void {
  draft.voters.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  if (draft.votersOutgoing.has(id)) return;
  draft.tracked.delete(id);
  draft.fresh.delete(id);
}

function track(draft: Draft, id: NodeId): void {
  if (draft.tracked.has(id)) return;
  draft.tracked.add(id);
  draft.fresh.add(id);
}

function draftOf(confState: ConfState): Draft {
  return {
    voters: new Set(confState.voters),
    votersOutgoing: new Set(confState.votersOutgoing),
    learners: new Set(confState.learners),
    learnersNext: new Set(confState.learnersNext),
    autoLeave: confState.autoLeave,
    tracked: new Set(memberIds(confState)),
    fresh: new Set(),
  };
}

function finished(draft: Draft): MembershipChange {
  const confState = {
    voters: ascending(draft.voters),
    votersOutgoing: ascending(draft.votersOutgoing),
    learners: ascending(draft.learners),
    learnersNext: ascending(draft.learnersNext),
    autoLeave: draft.autoLeave,
  };
  checkInvariants(draft);
  return { confState, fresh: draft.fresh };
}

function checkInvariants({ voters, votersOutgoing, learners, learnersNext, autoLeave }: Draft): void {
  for (const id of learners) {
    assert(!voters.has(id) && !votersOutgoing.has(id), `${id} is learner and voter`);
  }
  for (const id of learnersNext) {
    assert(votersOutgoing.has(id), `${id} waits to become a learner without a reason`);
  }
  assert(votersOutgoing.size > 0 || !autoLeave, 'a configuration that is not joint cannot be left');
}

function ascending(ids: ReadonlySet<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}

function refused(message: string): Fault {
  return new Fault('failed_precondition', message);
}

/** A configuration of `voters` and nothing else, for a group's first start. */
export function confStateOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): ConfState {
  return normalized({ ...EMPTY_CONF_STATE, voters, learners });
}
