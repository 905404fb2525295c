/**
 * Messages and states as people read them, in the notation of etcd's Raft: `1->2 MsgApp Term:1 Log:1/10
 * Commit:10 Entries:[1/11 EntryNormal "x"]`, ids in hexadecimal. For logs, traces and scenario files.
 */
import { asV2, decodeConfChange, type ConfChangeSingle, type ConfChangeType } from './conf-change.ts';
import {
  APPEND_THREAD,
  APPLY_THREAD,
  NONE,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type NodeId,
  type Snapshot,
  type SoftState,
} from './message.ts';
import type { Progress } from './progress.ts';
import type { Ready } from './raw-node.ts';

const CHANGE_LETTERS: Readonly<Record<ConfChangeType, string>> = {
  ConfChangeAddNode: 'v',
  ConfChangeAddLearnerNode: 'l',
  ConfChangeRemoveNode: 'r',
  ConfChangeUpdateNode: 'u',
};

/** `v1 l2 r3 u4`: voter, learner, remove, update. */
export function describeChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${CHANGE_LETTERS[type]}${nodeId}`).join(' ');
}

/** `1/3 EntryNormal "data"`: term, index, type, and the data quoted as in Go. */
export function describeEntry(entry: Entry): string {
  const change = decodeConfChange(entry);
  const data = change === undefined ? quoted(entry.data) : describeChanges(asV2(change).changes);
  return `${entry.term}/${entry.index} ${entry.type}${data === '' ? '' : ` ${data}`}`;
}

export function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === NONE ? '' : ` Vote:${vote}`} Commit:${commit}`;
}

export function describeSoftState({ lead, role }: SoftState): string {
  return `Lead:${lead} State:${role}`;
}

export function describeConfState(state: ConfState): string {
  return (
    `Voters:${slice(state.voters)} VotersOutgoing:${slice(state.votersOutgoing)} ` +
    `Learners:${slice(state.learners)} LearnersNext:${slice(state.learnersNext)} AutoLeave:${state.autoLeave}`
  );
}

/** `voters=(1 2 3)&&(1) learners=(4) autoleave`. */
export function describeMembership(state: ConfState): string {
  const group = (ids: readonly NodeId[]): string => `(${ids.join(' ')})`;
  const outgoing = state.votersOutgoing.length > 0 ? `&&${group(state.votersOutgoing)}` : '';
  const learners = state.learners.length > 0 ? ` learners=${group(state.learners)}` : '';
  const next = state.learnersNext.length > 0 ? ` learners_next=${group(state.learnersNext)}` : '';
  return `voters=${group(state.voters)}${outgoing}${learners}${next}${state.autoLeave ? ' autoleave' : ''}`;
}

export function describeSnapshot({ index, term, confState }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`;
}

/** `StateReplicate match=11 next=12 inflight=3[full]`. */
export function describeProgress(progress: Readonly<Progress>): string {
  const words = [`${progress.state} match=${progress.match} next=${progress.next}`];
  if (progress.isLearner) words.push('learner');
  if (progress.isPaused) words.push('paused');
  if (progress.pendingSnapshot > 0) words.push(`pendingSnap=${progress.pendingSnapshot}`);
  if (!progress.recentActive) words.push('inactive');
  const { count, full } = progress.inflights;
  if (count > 0) words.push(`inflight=${count}${full ? '[full]' : ''}`);
  return words.join(' ');
}

/** One line, or several indented ones where the message carries entries, a snapshot or responses. */
export function describeMessage(message: Message, indent = ''): string {
  const { from, to, type, term, logTerm, index, entries, snapshot, responses } = message;
  let text = `${indent}${target(from)}->${target(to)} ${type} Term:${term} Log:${logTerm}/${index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== NONE) text += ` Vote:${message.vote}`;
  if (entries.length === 1) text += ` Entries:[${describeEntry(entries[0] as Entry)}]`;
  if (entries.length > 1) {
    const lines = entries.map((entry) => `\n${indent}  ${describeEntry(entry)}`);
    text += ` Entries:[${lines.join('')}\n${indent}]`;
  }
  if (snapshot !== undefined) text += `\n${indent}  Snapshot: ${describeSnapshot(snapshot)}`;
  if (responses.length > 0) {
    const lines = responses.map((response) => `\n${describeMessage(response, `${indent}  `)}`);
    text += ` Responses:[${lines.join('')}\n${indent}]`;
  }
  return text;
}

/** Several lines, each ended; `<empty Ready>` when there is nothing to do. */
export function describeReady(ready: Ready): string {
  const lines: string[] = [];
  if (ready.softState !== undefined) lines.push(describeSoftState(ready.softState));
  if (ready.hardState !== undefined) lines.push(`HardState ${describeHardState(ready.hardState)}`);
  for (const { index, context } of ready.readStates) lines.push(`ReadState ${index} ${quoted(context)}`);
  if (ready.entries.length > 0) lines.push('Entries:', ...ready.entries.map(describeEntry));
  if (ready.snapshot !== undefined) lines.push(`Snapshot ${describeSnapshot(ready.snapshot)}`);
  if (ready.committedEntries.length > 0) {
    lines.push('CommittedEntries:', ...ready.committedEntries.map(describeEntry));
  }
  if (ready.messages.length > 0) {
    lines.push('Messages:', ...ready.messages.map((message) => describeMessage(message)));
  }
  if (lines.length === 0) return '<empty Ready>';
  return [`Ready MustSync=${ready.mustSync}:`, ...lines, ''].join('\n');
}

function target(id: NodeId): string {
  switch (id) {
    case NONE:
      return 'None';
    case APPEND_THREAD:
      return 'AppendThread';
    case APPLY_THREAD:
      return 'ApplyThread';
    default:
      return id.toString(16);
  }
}

function slice(ids: readonly NodeId[]): string {
  return `[${ids.join(' ')}]`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** As Go's `%q`: UTF-8 that can be printed stays, all else is escaped. */
export function quoted(data: Uint8Array): string {
  let text = '"';
  for (let at = 0; at < data.length;) {
    const [character, bytes] = characterAt(data, at);
    if (character === undefined) text += `\\x${(data[at] as number).toString(16).padStart(2, '0')}`;
    else text += ESCAPES[character] ?? (PRINTABLE.test(character) ? character : escaped(character));
    at += bytes;
  }
  return `${text}"`;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The character that starts at `at` and its length; undefined when the byte there starts none. */
function characterAt(data: Uint8Array, at: number): readonly [string | undefined, number] {
  const first = data[at] as number;
  const bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    return [decoder.decode(data.subarray(at, at + bytes)), bytes];
  } catch {
    return [undefined, 1];
  }
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
