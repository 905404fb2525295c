/**
 * What the write-ahead log should hold, in plain arrays, and random operations that are legal for it. Both
 * the log and its oracles take them, so that their states can be compared.
 */
import { randomBelow, type Random } from '@ringwatch/kernel';
import { EMPTY_HARD_STATE, withinBytes, type Entry, type EntryType, type HardState } from '@ringwatch/raft';
import type { GroupLog, SnapshotMeta } from '@ringwatch/raft-node';

/** A group's log as {@link randomOperation} changes it; {@link GroupLog} is one. */
export type Changing = Pick<
  GroupLog,
  | 'firstIndex'
  | 'lastIndex'
  | 'term'
  | 'hardState'
  | 'snapshotMeta'
  | 'entries'
  | 'append'
  | 'setHardState'
  | 'applySnapshot'
  | 'saveSnapshotMeta'
  | 'compact'
>;

/** The log and each of its oracles. */
export interface Groups {
  groupIds(): number[];
  group(id: number): Changing;
  removeGroup(id: number): void;
}

export class ModelGroup implements Changing {
  hardState: HardState = EMPTY_HARD_STATE;
  snapshotMeta: SnapshotMeta | undefined;
  #start = { index: 0, term: 0 };
  #entries: readonly Entry[] = [];

  get firstIndex(): number {
    return this.#start.index + 1;
  }

  get lastIndex(): number {
    return this.#start.index + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.#start.index) return this.#start.term;
    return this.#entries[index - this.firstIndex]?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    if (from < this.firstIndex) return undefined;
    return withinBytes(this.#entries.slice(from - this.firstIndex, to - this.firstIndex), bytesMax);
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? this.lastIndex + 1;
    this.#entries = [...this.#entries.slice(0, first - this.firstIndex), ...entries];
  }

  setHardState(hardState: HardState): void {
    this.hardState = hardState;
  }

  applySnapshot(meta: SnapshotMeta): void {
    this.#start = { index: meta.index, term: meta.term };
    this.#entries = [];
    this.snapshotMeta = meta;
  }

  saveSnapshotMeta(meta: SnapshotMeta): void {
    this.snapshotMeta = meta;
  }

  compact(index: number): void {
    const term = this.term(index);
    if (index <= this.#start.index || term === undefined) return;
    this.#entries = this.#entries.slice(index - this.#start.index);
    this.#start = { index, term };
  }

  copy(): ModelGroup {
    const copy = new ModelGroup();
    copy.hardState = this.hardState;
    copy.snapshotMeta = this.snapshotMeta;
    copy.#start = this.#start;
    copy.#entries = this.#entries;
    return copy;
  }
}

export class WalModel implements Groups {
  readonly #groups = new Map<number, ModelGroup>();

  groupIds(): number[] {
    return [...this.#groups.keys()].toSorted((a, b) => a - b);
  }

  group(id: number): ModelGroup {
    const group = this.#groups.get(id) ?? new ModelGroup();
    this.#groups.set(id, group);
    return group;
  }

  removeGroup(id: number): void {
    this.#groups.delete(id);
  }

  copy(): WalModel {
    const copy = new WalModel();
    for (const [id, group] of this.#groups) copy.#groups.set(id, group.copy());
    return copy;
  }
}

/** One change, to be made to the log and to its model. */
export interface Operation {
  readonly kind: 'append' | 'truncate' | 'hard-state' | 'compact' | 'receive' | 'snapshot' | 'remove';
  readonly apply: (groups: Groups) => void;
}

export interface OperationLimits {
  readonly groups: number;
  readonly dataBytesMax: number;
}

const TYPES: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2'];
const ENTRIES_MAX = 6;
/** The dice from which on a group is removed. */
const REMOVE_FROM = 98;

/** A change that is legal in the state of `model`, which is left as it is. */
export function randomOperation(random: Random, model: WalModel, limits: OperationLimits): Operation {
  const dice = randomBelow(random, 100);
  // Some groups change often and some hardly ever, but any may be removed.
  const id = 1 + Math.floor(random.next() ** (dice < REMOVE_FROM ? 3 : 1) * limits.groups);
  const isNew = !model.groupIds().includes(id);
  const group = isNew ? new ModelGroup() : model.group(id);
  const { firstIndex, lastIndex } = group;
  if (isNew || dice < 45) return appending('append', id, entriesFrom(random, group, lastIndex + 1, limits));
  if (dice < 55) {
    const from = firstIndex + randomBelow(random, lastIndex - firstIndex + 2);
    return appending('truncate', id, entriesFrom(random, group, from, limits));
  }
  if (dice < 75) {
    const [term, vote, commit] = [
      group.hardState.term + randomBelow(random, 2),
      randomBelow(random, 4),
      lastIndex,
    ];
    const mustSync = randomBelow(random, 2) === 0;
    return change('hard-state', id, (target) => target.setHardState({ term, vote, commit }, mustSync));
  }
  if (dice < 92) {
    const index = firstIndex - 1 + randomBelow(random, lastIndex - firstIndex + 2);
    if (dice < 90) return change('compact', id, (target) => target.compact(index));
    const meta = snapshotAt(random, index, group.term(index) as number);
    return change('snapshot', id, (target) => target.saveSnapshotMeta(meta));
  }
  if (dice < REMOVE_FROM) {
    const meta = snapshotAt(random, firstIndex + randomBelow(random, lastIndex - firstIndex + 9), 1);
    return change('receive', id, (target) => target.applySnapshot(meta));
  }
  return { kind: 'remove', apply: (groups) => groups.removeGroup(id) };
}

/** All that can be read of a log, as one text. */
export function stateOf(groups: Groups): string {
  const state = groups.groupIds().map((id) => {
    const group = groups.group(id);
    const { firstIndex, lastIndex, hardState, snapshotMeta } = group;
    const entries = group.entries(firstIndex, lastIndex + 1, Infinity)?.map(({ term, index, type, data }) => {
      return [term, index, type, Buffer.from(data).toString('latin1')];
    });
    return { id, firstIndex, startTerm: group.term(firstIndex - 1), hardState, snapshotMeta, entries };
  });
  return JSON.stringify(state);
}

/** Compares a random read of a random group; returns what differs. */
export function differenceOfRead(random: Random, model: WalModel, groups: Groups): string | undefined {
  const ids = model.groupIds();
  const id = ids[randomBelow(random, ids.length + 1)];
  if (id === undefined) return undefined;
  const [expected, actual] = [model.group(id), groups.group(id)];
  const { firstIndex, lastIndex } = expected;
  const from = Math.max(firstIndex - 1 + randomBelow(random, lastIndex - firstIndex + 3), 1);
  const to = Math.min(lastIndex + 1, from + randomBelow(random, 12));
  const bytesMax = randomBelow(random, 2_000);
  const text = (of: Changing): string =>
    JSON.stringify([
      of.firstIndex,
      of.lastIndex,
      of.term(from),
      from <= to && of.entries(from, to, bytesMax),
    ]);
  const [left, right] = [text(expected), text(actual)];
  return left === right ? undefined : `group ${id} [${from}, ${to}): ${right} instead of ${left}`;
}

function change(kind: Operation['kind'], id: number, make: (group: Changing) => void): Operation {
  return { kind, apply: (groups) => make(groups.group(id)) };
}

function appending(kind: 'append' | 'truncate', id: number, entries: readonly Entry[]): Operation {
  return change(kind, id, (target) => target.append(entries));
}

function entriesFrom(random: Random, group: ModelGroup, from: number, limits: OperationLimits): Entry[] {
  let term = (group.term(from - 1) ?? 0) + randomBelow(random, 2);
  return Array.from({ length: 1 + randomBelow(random, ENTRIES_MAX) }, (_, i) => {
    term += randomBelow(random, 8) === 0 ? 1 : 0;
    const type = TYPES[Math.max(randomBelow(random, 12) - 9, 0)] as EntryType;
    const data = Buffer.alloc(randomBelow(random, limits.dataBytesMax + 1), `${from + i}.${random.next()}-`);
    return { term, index: from + i, type, data };
  });
}

function snapshotAt(random: Random, index: number, term: number): SnapshotMeta {
  const ids = (): number[] => Array.from({ length: randomBelow(random, 3) }, (_, i) => i + 1);
  const [voters, votersOutgoing, learners, learnersNext] = [ids(), ids(), ids(), ids()];
  const autoLeave = randomBelow(random, 2) === 0;
  return { index, term, confState: { voters, votersOutgoing, learners, learnersNext, autoLeave } };
}
