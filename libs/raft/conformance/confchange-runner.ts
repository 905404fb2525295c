/** Membership scenarios: `simple`, `enter-joint`, `leave-joint`, each a step later in the log. */
import {
  changeSimply,
  describeMembership,
  describeProgress,
  enterJoint,
  leaveJoint,
  Tracker,
  type ConfState,
  type MembershipChange,
} from '@ringwatch/raft';
import { Fault } from '@ringwatch/kernel';
import { parseChanges } from './changes.ts';
import type { Directive } from './scenario.ts';

export function confchangeRunner(): (directive: Directive) => string {
  const tracker = new Tracker({ messagesMax: 10, bytesMax: Infinity });
  let lastIndex = 0;
  return (directive) => {
    try {
      tracker.change(change(tracker.confState, directive), lastIndex);
    } catch (error) {
      if (error instanceof Fault) return error.detail;
      throw error;
    } finally {
      lastIndex++;
    }
    const lines = tracker.ids.map((id) => {
      const progress = tracker.get(id);
      return progress === undefined ? '' : `${id}: ${describeProgress(progress)}`;
    });
    return [describeMembership(tracker.confState), ...lines].join('\n');
  };
}

function change(confState: ConfState, { command, args, input }: Directive): MembershipChange {
  const changes = parseChanges(input.join(' '));
  switch (command) {
    case 'simple':
      return changeSimply(confState, changes);
    case 'enter-joint':
      return enterJoint(
        confState,
        changes,
        args.some(({ key, values }) => key === 'autoleave' && values[0] === 'true'),
      );
    case 'leave-joint':
      if (changes.length > 0) throw new Fault('invalid_argument', 'this command takes no input');
      return leaveJoint(confState);
    default:
      throw new Fault('invalid_argument', 'unknown command');
  }
}
