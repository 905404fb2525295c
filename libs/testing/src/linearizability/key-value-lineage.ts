/**
 * The key-value model narrowed to one key whose values are distinct and can be taken apart: each value that a
 * get has read tells which put and which appends made it, in which order, with nothing in between.
 *
 * 1. A value that was read, and each beginning of it that an operation made, is a link. It is there once, for
 *    its operation is done once; it may be left only when all its gets are done, and only for its next link.
 * 2. A last link with all gets done, and every value that no get has read, are one state: unseen. An
 *    operation that belongs to no link can be done there only, and it changes nothing.
 * 3. A put begins a family of links that must be done in one go. Where all of it is under way, at once is as
 *    good as later.
 */
import type { Operation } from './history.ts';
import type { KeyValueInput, KeyValueOutput } from './key-value-model.ts';
import type { Model } from './model.ts';

/** A value and what is known of its place among the others of its key. */
interface Link {
  /** null: the key has none. */
  readonly value: string | null;
  /** The value as messages show it. */
  readonly name: string;
  /** How many gets read it. */
  reads: number;
  /** Of the first of a family: when the last operation of the family was called. */
  familyCalledAt: number;
  /** By what is appended. */
  readonly next: Map<string, Link>;
  /** By how many gets are done; made once, for values are long and the search compares keys. */
  readonly places: Place[];
}

/** A link with some of its gets done, or unseen. */
interface Place {
  readonly link: Link | undefined;
  readonly reads: number;
  readonly key: string;
}

/** Call times by what is written. */
interface Writers {
  readonly puts: ReadonlyMap<string, number>;
  readonly appends: ReadonlyMap<string, number>;
  /** How long the written values are, each length once. */
  readonly lengths: readonly number[];
}

interface Lineage {
  readonly nothing: Link;
  /** The first links of the families that a put begins, by what is put. */
  readonly heads: Map<string, Link>;
  /** Appended values that belong to a link. */
  readonly appended: Set<string>;
}

type KeyOperation = Operation<KeyValueInput, KeyValueOutput>;

const UNSEEN: Place = { link: undefined, reads: 0, key: 'unseen' };

/** The model for `operations`, all of one key; undefined when their values are ambiguous. */
export function lineageModel(
  operations: readonly KeyOperation[],
): Model<Place, KeyValueInput, KeyValueOutput> | undefined {
  const writers = writersOf(operations);
  const lineage = writers && lineageOf(operations, writers);
  if (lineage === undefined) return undefined;
  const { nothing, heads, appended } = lineage;
  return {
    init: placeAt(nothing, 0),
    step: (place, input, output) => {
      const { link, reads } = place;
      switch (input.kind) {
        case 'get':
          if (output === undefined) return place;
          return link !== undefined && link.value === output ? placeAt(link, reads + 1) : undefined;
        case 'put': {
          if (place !== UNSEEN) return undefined;
          const head = heads.get(input.value);
          return head === undefined ? UNSEEN : placeAt(head, 0);
        }
        case 'append': {
          const next = link?.next.get(input.value);
          if (next !== undefined) return reads === link?.reads ? placeAt(next, 0) : undefined;
          return place === UNSEEN && !appended.has(input.value) ? UNSEEN : undefined;
        }
      }
    },
    keyOf: ({ key }) => key,
    isFree: (_place, input, _output, now) => {
      const head = input.kind === 'put' ? heads.get(input.value) : undefined;
      return head === undefined || head.familyCalledAt <= now;
    },
  };
}

function placeAt(link: Link, reads: number): Place {
  if (reads === link.reads && link.next.size === 0) return UNSEEN;
  return (link.places[reads] ??= { link, reads, key: `${reads} of ${link.reads} gets of ${link.name}` });
}

/** What is written; undefined when two operations write the same or an append begins another. */
function writersOf(operations: readonly KeyOperation[]): Writers | undefined {
  const writers = { put: new Map<string, number>(), append: new Map<string, number>() };
  const values = new Set(['']);
  for (const { input, callAt } of operations) {
    if (input.kind === 'get') continue;
    if (values.has(input.value)) return undefined;
    values.add(input.value);
    writers[input.kind].set(input.value, callAt);
  }
  const appended = [...writers.append.keys()].sort();
  if (appended.some((value, i) => appended[i + 1]?.startsWith(value))) return undefined;
  const lengths = [...new Set([...values].map(({ length }) => length))].filter((length) => length > 0);
  return { puts: writers.put, appends: writers.append, lengths };
}

/** The links that the gets of `operations` need; undefined when a value can be made in two ways. */
function lineageOf(operations: readonly KeyOperation[], writers: Writers): Lineage | undefined {
  const lineage: Lineage = { nothing: linkOf(null), heads: new Map(), appended: new Set() };
  for (const { input, callAt, answer } of operations) {
    if (input.kind !== 'get' || answer === undefined) continue;
    if (answer.output === null) {
      lineage.nothing.reads++;
      continue;
    }
    const ways = waysToMake(answer.output, writers);
    if (ways.length > 1) return undefined;
    const [way] = ways;
    // Nobody wrote this: the get has no link, and no order gives its answer.
    if (way !== undefined) addFamily(lineage, way, callAt, writers);
  }
  return lineage;
}

function linkOf(value: string | null): Link {
  const name = value === null ? 'nothing' : `'${value}'`;
  return { value, name, reads: 0, familyCalledAt: -Infinity, next: new Map(), places: [] };
}

/** What was written, in order, to make `value`: at most one way for each way to begin. */
function waysToMake(value: string, writers: Writers): string[][] {
  const ways: string[][] = [];
  for (const length of writers.lengths) {
    const first = value.slice(0, length);
    if (first.length < length || !(writers.puts.has(first) || writers.appends.has(first))) continue;
    const way = [first];
    let at = length;
    for (let next = appendedAt(value, at, writers); next !== undefined;) {
      way.push(next);
      at += next.length;
      next = appendedAt(value, at, writers);
    }
    if (at === value.length) ways.push(way);
  }
  return ways;
}

/** What was appended at a place of `value`. No appended text begins another, so there is one at most. */
function appendedAt(value: string, at: number, { appends, lengths }: Writers): string | undefined {
  for (const length of lengths) {
    const text = value.slice(at, at + length);
    if (appends.has(text)) return text;
  }
  return undefined;
}

/** Adds the links of a value that a get called at `callAt` has read. */
function addFamily(lineage: Lineage, way: readonly string[], callAt: number, writers: Writers): void {
  const { nothing, heads, appended } = lineage;
  let link = nothing;
  let head: Link | undefined;
  let familyCalledAt = callAt;
  for (const [i, text] of way.entries()) {
    const isPut = i === 0 && writers.puts.has(text);
    const siblings = isPut ? heads : link.next;
    let next = siblings.get(text);
    if (next === undefined) {
      next = linkOf(isPut ? text : (link.value ?? '') + text);
      siblings.set(text, next);
    }
    if (isPut) head = next;
    else appended.add(text);
    familyCalledAt = Math.max(familyCalledAt, (isPut ? writers.puts : writers.appends).get(text) as number);
    link = next;
  }
  link.reads++;
  if (head !== undefined) head.familyCalledAt = Math.max(head.familyCalledAt, familyCalledAt);
}
