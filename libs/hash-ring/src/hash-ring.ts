/**
 * Consistent hashing (Karger et al., STOC 1997) with weights and zones: members own arcs of a ring of 2³²
 * positions that end at their tokens.
 *
 * 1. Immutable and deterministic: the same members in any order give the same ring, in every process and
 *    version.
 * 2. Minimal movement: token `i` of a member depends on its id and `i` alone, so a join, a leave or another
 *    weight moves only keys that the changed member gains or loses.
 * 3. A replica set for `n + 1` extends the one for `n`; zones repeat only when every zone has been used as
 *    often.
 * 4. {@link HashRing.ownerOf} allocates nothing: the top bits of a position index the first token to look at.
 *
 * Random tokens balance within about 1.15 at 256 tokens a member. Partitions therefore are not placed by
 * ownership alone but under bounded load, which walks {@link HashRing.replicasAt}.
 */
import { assert, Fault } from '@ringwatch/kernel';
import { RING_SIZE } from './partition.ts';
import { xxh32 } from './xxh32.ts';

/** Most members of a ring. */
export const MEMBERS_MAX = 1_000;
/** Greatest weight of a member, in multiples of the ordinary one. */
export const WEIGHT_MAX = 64;

const TOKENS_PER_WEIGHT = 256;
/** Two slots of the index per token: most lookups then look at one token. */
const SLOTS_PER_TOKEN = 2;

export interface RingMember {
  /** Unique, not empty. */
  readonly id: string;
  /** Share relative to the others; 0 owns nothing (a member that drains). Default 1. */
  readonly weight?: number;
  /** Replicas prefer distinct zones. Members without one share the zone ''. */
  readonly zone?: string;
}

export interface RingOptions {
  /** Tokens of a member of weight 1; default 256. */
  readonly tokensPerWeight?: number;
}

/** A token is `position * OWNERS + member`, exact in a double, so that a native sort orders by both. */
const OWNERS = 2 ** 16;

export class HashRing {
  /** By id, in code unit order. */
  readonly members: readonly RingMember[];
  readonly #positions: Uint32Array;
  /** Parallel to `#positions`: index into `members`. */
  readonly #owners: Uint16Array;
  /** Slot → index of the first token at or after the slot's first position. */
  readonly #slots: Uint32Array;
  readonly #shift: number;

  private constructor(members: readonly RingMember[], tokens: Float64Array) {
    this.members = members;
    this.#positions = Uint32Array.from(tokens, (token) => Math.floor(token / OWNERS));
    this.#owners = Uint16Array.from(tokens, (token) => token % OWNERS);
    const slotBits = Math.max(1, Math.ceil(Math.log2(Math.max(1, tokens.length) * SLOTS_PER_TOKEN)));
    this.#shift = 32 - slotBits;
    this.#slots = indexSlots(this.#positions, slotBits);
  }

  /**
   * The ring of `members`, in any order. O(tokens log tokens).
   * @throws {Fault} `invalid_argument` for a repeated or empty id, a weight outside 0 to
   * {@link WEIGHT_MAX}, or more than {@link MEMBERS_MAX} members.
   */
  static of(members: readonly RingMember[], options: RingOptions = {}): HashRing {
    const { tokensPerWeight = TOKENS_PER_WEIGHT } = options;
    assert(Number.isInteger(tokensPerWeight) && tokensPerWeight >= 1, `tokensPerWeight ${tokensPerWeight}`);
    const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    validate(sorted);
    // Equal positions go to the lower id, and back to the other when that member leaves.
    const tokens = tokensOf(sorted, tokensPerWeight).sort();
    return new HashRing(sorted, tokens);
  }

  /** Number of tokens. */
  get size(): number {
    return this.#positions.length;
  }

  /** The member that owns `key`. @throws {Fault} `failed_precondition` when no member owns anything. */
  ownerOf(key: string): RingMember {
    return this.ownerAt(xxh32(key));
  }

  /**
   * The member that owns a position: that of the first token at or clockwise of it. @throws as {@link
   * ownerOf}.
   */
  ownerAt(position: number): RingMember {
    return this.members[this.#owners[this.#tokenAt(position)] as number] as RingMember;
  }

  /**
   * The first `count` replicas of `key`, the owner first; fewer where there are fewer members. @throws as
   * {@link ownerOf}.
   */
  replicasOf(key: string, count: number): readonly RingMember[] {
    return this.replicasAt(xxh32(key), count);
  }

  /** As {@link replicasOf}, for a position such as a partition's token. */
  replicasAt(position: number, count: number): readonly RingMember[] {
    if (count === 1) return [this.ownerAt(position)];
    return spreadOverZones(this.#walk(this.#tokenAt(position)), count);
  }

  /** Distinct members in the order a clockwise walk from token `start` meets them. */
  *#walk(start: number): Generator<RingMember> {
    const met = new Set<number>();
    for (let step = 0; step < this.size; step++) {
      const owner = this.#owners[(start + step) % this.size] as number;
      if (met.has(owner)) continue;
      met.add(owner);
      yield this.members[owner] as RingMember;
    }
  }

  /** Index of the first token at or clockwise of `position`. */
  #tokenAt(position: number): number {
    const positions = this.#positions;
    const length = positions.length;
    if (length === 0) throw new Fault('failed_precondition', 'the ring is empty', { reason: 'empty_ring' });
    let at = this.#slots[position >>> this.#shift] as number;
    while (at < length && (positions[at] as number) < position) at++;
    return at === length ? 0 : at;
  }
}

function tokensOf(members: readonly RingMember[], tokensPerWeight: number): Float64Array {
  const counts = members.map(({ weight = 1 }) =>
    weight === 0 ? 0 : Math.max(1, Math.round(weight * tokensPerWeight)),
  );
  const tokens = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [member, { id }] of members.entries()) {
    for (let i = 0; i < (counts[member] as number); i++)
      tokens[at++] = xxh32(`${id}\0${i}`) * OWNERS + member;
  }
  return tokens;
}

function indexSlots(positions: Uint32Array, slotBits: number): Uint32Array {
  const slots = new Uint32Array(2 ** slotBits);
  const width = RING_SIZE / slots.length;
  let token = 0;
  for (let slot = 0; slot < slots.length; slot++) {
    while (token < positions.length && (positions[token] as number) < slot * width) token++;
    slots[slot] = token;
  }
  return slots;
}

/**
 * The first `count` of `walk` so that no zone is used again before every other zone that still has members:
 * rounds over the walk, each taking one member a zone.
 */
function spreadOverZones(walk: Iterable<RingMember>, count: number): readonly RingMember[] {
  const chosen: RingMember[] = [];
  let waiting: Iterable<RingMember> = walk;
  while (chosen.length < count) {
    const zones = new Set<string>();
    const left: RingMember[] = [];
    for (const member of waiting) {
      const zone = member.zone ?? '';
      if (zones.has(zone)) left.push(member);
      else if (chosen.push(member) === count) return chosen;
      else zones.add(zone);
    }
    if (left.length === 0) return chosen;
    waiting = left;
  }
  return chosen;
}

function validate(sorted: readonly RingMember[]): void {
  if (sorted.length > MEMBERS_MAX) {
    throw new Fault('invalid_argument', `${sorted.length} members, at most ${MEMBERS_MAX}`, {
      reason: 'too_many_members',
    });
  }
  for (const [index, { id, weight = 1 }] of sorted.entries()) {
    if (id === '' || sorted[index - 1]?.id === id) {
      throw new Fault('invalid_argument', `empty or repeated member id "${id}"`, { reason: 'bad_member_id' });
    }
    if (!(weight >= 0 && weight <= WEIGHT_MAX)) {
      throw new Fault('invalid_argument', `weight ${weight} of ${id} is not in 0..${WEIGHT_MAX}`, {
        reason: 'bad_weight',
      });
    }
  }
}
