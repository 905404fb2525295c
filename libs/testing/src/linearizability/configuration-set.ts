/**
 * The configurations that a search has been in: which operations are linearized and the state they left. A
 * hash table over one growing array of 32-bit words, because millions of them are usual.
 *
 * 1. Operations with a known outcome form a bitset of which only a window is kept: before it all are
 *    linearized, behind it none.
 * 2. Operations with an unknown outcome are optional, so a configuration that has used fewer of them can do
 *    all that one with more can: it covers it, and what is covered is not new.
 * 3. Equal hashes prove nothing; the words are compared.
 */

/** A configuration, described by reference to the search's own buffers. */
export interface Configuration {
  /** Number of the state. */
  state: number;
  /** Hash of the state and of the linearized operations with a known outcome. */
  hash: number;
  /** The first word of the window and the one behind its last. */
  from: number;
  to: number;
  readonly known: Int32Array;
  readonly unknown: Int32Array;
}

/** 256 MiB; what needs more is left undecided. */
const CONFIGURATION_WORDS_MAX = 2 ** 26;
const INITIAL_WORDS = 2 ** 12;
const INITIAL_BUCKETS = 2 ** 8;

/** Fields at the start of a record; its unknown words follow, then its window. */
const NEXT = 0;
const HASH = 1;
const STATE = 2;
const FROM = 3;
const WINDOW_WORDS = 4;
const HEADER_WORDS = 5;

export class ConfigurationSet {
  readonly #wordsMax: number;
  #words = new Int32Array(INITIAL_WORDS);
  /** Word 0 is nobody's, so that 0 can end a chain. */
  #used = 1;
  #buckets = new Int32Array(INITIAL_BUCKETS);
  #size = 0;

  constructor(wordsMax = CONFIGURATION_WORDS_MAX) {
    this.#wordsMax = wordsMax;
  }

  /** How many configurations were new. */
  get size(): number {
    return this.#size;
  }

  /** True when there is no room for another; {@link add} must not be called then. */
  get isFull(): boolean {
    return this.#used >= this.#wordsMax;
  }

  /** Remembers a configuration; false when it is covered by one that is remembered already. */
  add(configuration: Configuration): boolean {
    const { hash } = configuration;
    for (let at = this.#buckets[hash & (this.#buckets.length - 1)] as number; at !== 0;) {
      if (this.#words[at + HASH] === hash && this.#covers(at, configuration)) return false;
      at = this.#words[at + NEXT] as number;
    }
    this.#append(configuration);
    if (this.#size > this.#buckets.length) this.#rehash();
    return true;
  }

  #covers(at: number, { state, from, to, known, unknown }: Configuration): boolean {
    const words = this.#words;
    if (words[at + STATE] !== state || words[at + FROM] !== from) return false;
    if (words[at + WINDOW_WORDS] !== to - from) return false;
    let word = at + HEADER_WORDS;
    for (const used of unknown) if (((words[word++] as number) & ~used) !== 0) return false;
    for (let i = from; i < to; i++) if (words[word++] !== known[i]) return false;
    return true;
  }

  #append({ state, hash, from, to, known, unknown }: Configuration): void {
    const at = this.#used;
    const end = at + HEADER_WORDS + unknown.length + to - from;
    if (end > this.#words.length) this.#grow(end);
    const words = this.#words;
    words[at + HASH] = hash;
    words[at + STATE] = state;
    words[at + FROM] = from;
    words[at + WINDOW_WORDS] = to - from;
    words.set(unknown, at + HEADER_WORDS);
    const window = at + HEADER_WORDS + unknown.length - from;
    for (let i = from; i < to; i++) words[window + i] = known[i] as number;
    this.#chain(at, hash);
    this.#used = end;
    this.#size++;
  }

  #chain(at: number, hash: number): void {
    const bucket = hash & (this.#buckets.length - 1);
    this.#words[at + NEXT] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = at;
  }

  #grow(words: number): void {
    const grown = new Int32Array(Math.max(words, 2 * this.#words.length));
    grown.set(this.#words);
    this.#words = grown;
  }

  #rehash(): void {
    const old = this.#buckets;
    this.#buckets = new Int32Array(4 * old.length);
    for (const first of old) {
      for (let at = first; at !== 0;) {
        const next = this.#words[at + NEXT] as number;
        this.#chain(at, this.#words[at + HASH] as number);
        at = next;
      }
    }
  }
}

/** Scatters the bits of a 32-bit integer (the finalizer of MurmurHash3, public domain, A. Appleby). */
export function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
