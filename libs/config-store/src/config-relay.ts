/**
 * Keeps the fast copy equal to the authority, whoever wrote and whatever was away meanwhile.
 *
 * 1. It compares everything when the authority changed, when the copy came (back), and every 10 s; it repairs
 *    what differs, from the authority to the copy and never the other way.
 * 2. A document that only the copy has is an orphan: reported and kept, never deleted.
 * 3. A copy that is ahead of the authority means that the authority went back (was restored or wiped): a new
 *    epoch begins, so that what it holds now is later than everything before. The authority is read again
 *    before that, because a writer may just have been faster than the watch.
 * 4. A family that would shrink too much at once is held as it is.
 * 5. A deletion is kept for 24 h, then forgotten: in the authority once the copy has it, in the copy once the
 *    authority has forgotten it. So nothing that was deleted comes back, and deletions do not pile up.
 * 6. One comparison runs at a time; failures are retried with jittered backoff of at most 2 s.
 */
import { watchPrefix, type KvListing, type KvStore } from '@ringwatch/consul-client';
import { backoffMs, silentLogger, toFault, type Clock, type Logger, type Random } from '@ringwatch/kernel';
import { systemClock, systemRandom } from '@ringwatch/kernel/system';
import { Authority } from './authority.ts';
import { CONFIG_PREFIX, decodeListing, type AuthorityState, type ConfigDocument } from './document.ts';
import type { FastCopy } from './fast-copy.ts';
import { FAMILIES, type Family } from './families.ts';
import { shrinksTooMuch } from './shrink-guard.ts';
import { compareVersions } from './version.ts';
import { Wakeup } from './wakeup.ts';

const COMPARE_INTERVAL_MS = 10_000;
/** How long a deletion is kept. */
const TOMBSTONE_KEPT_MS = 24 * 3_600_000;
const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 2_000;

export interface ConfigRelayOptions {
  readonly kv: KvStore;
  readonly copy: FastCopy;
  /**
   * What this process ever saw, for example in a snapshot on disk: counts as a copy in invariant 3. Default
   * none.
   */
  readonly seen?: () => readonly ConfigDocument[];
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** How authority and copy stood at the last comparison. */
export interface RelayReport {
  /** Undefined while the last comparison succeeded. */
  readonly fault: string | undefined;
  /** Families that would have shrunk too much. */
  readonly held: readonly Family[];
  /** `family/key` of documents that only the copy has. */
  readonly orphans: readonly string[];
  /** Documents that were repaired since the start. */
  readonly repaired: number;
}

/** Runs from {@link ConfigRelay.run} until its signal aborts. */
export class ConfigRelay {
  readonly #kv: KvStore;
  readonly #authority: Authority;
  readonly #copy: FastCopy;
  readonly #seen: () => readonly ConfigDocument[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #wakeup: Wakeup;
  #state: AuthorityState | undefined;
  #report: RelayReport = { fault: 'not compared yet', held: [], orphans: [], repaired: 0 };

  constructor(options: ConfigRelayOptions) {
    this.#kv = options.kv;
    this.#authority = new Authority(options.kv);
    this.#copy = options.copy;
    this.#seen = options.seen ?? (() => []);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = options.logger ?? silentLogger;
    this.#wakeup = new Wakeup(this.#clock);
  }

  get report(): RelayReport {
    return this.#report;
  }

  /** Relays until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#copy.subscribe({
      onMessage: () => undefined,
      onSubscribed: () => this.#wakeup.wake(),
    });
    const listener = {
      onListing: (listing: KvListing): void => {
        this.#state = decodeListing(listing);
        for (const fault of this.#state.unreadable)
          this.#logger.warn({ detail: fault.detail }, 'unreadable document');
        this.#wakeup.wake();
      },
    };
    const watching = watchPrefix(this.#kv, CONFIG_PREFIX, listener, {
      signal,
      clock: this.#clock,
      random: this.#random,
    });
    let failures = 0;
    while (!signal.aborted) {
      const repaired = await this.#compareOnce();
      failures = repaired ? 0 : failures + 1;
      const pauseMs = repaired
        ? COMPARE_INTERVAL_MS
        : backoffMs(this.#random, failures, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
      await this.#wakeup.wait(pauseMs, signal);
    }
    unsubscribe();
    await watching;
  }

  /** One comparison; false when it failed and should be repeated soon. */
  async #compareOnce(): Promise<boolean> {
    if (this.#state === undefined) return true; // The watch wakes us with the first listing.
    try {
      const { held, orphans, repaired } = await this.#compare(this.#state);
      this.#report = { fault: undefined, held, orphans, repaired: this.#report.repaired + repaired };
      return true;
    } catch (error) {
      this.#report = { ...this.#report, fault: toFault(error).detail };
      this.#logger.debug({ detail: this.#report.fault }, 'configuration copy not compared');
      return false;
    }
  }

  async #compare(state: AuthorityState): Promise<Omit<RelayReport, 'fault'>> {
    const copies = new Map<Family, readonly ConfigDocument[]>();
    for (const family of FAMILIES) copies.set(family, await this.#copy.read(family));
    const seen = [...copies.values(), this.#seen()].flat();
    if (isAhead(seen, state)) {
      // Invariant 3: what was seen before this reading is in it, unless the authority went back.
      const now = await this.#authority.list();
      if (isAhead(seen, now)) await this.#beginEpoch(seen, now);
      return { held: [], orphans: [], repaired: 0 }; // The watch brings the rest.
    }
    const held: Family[] = [];
    const orphans: string[] = [];
    let repaired = 0;
    for (const [family, documents] of copies) {
      const truth = new Map(
        state.documents.filter((one) => one.family === family).map((one) => [one.key, one]),
      );
      const live = documents.filter(({ text }) => text !== undefined);
      orphans.push(...live.filter(({ key }) => !truth.has(key)).map(({ key }) => `${family}/${key}`));
      const lost = live.filter(({ key }) => truth.has(key) && truth.get(key)?.text === undefined).length;
      if (shrinksTooMuch(live.length, lost)) {
        held.push(family);
        continue;
      }
      repaired += await this.#repair(documents, truth.values());
      await this.#forget(documents, truth);
    }
    return { held, orphans, repaired };
  }

  async #repair(copied: readonly ConfigDocument[], truth: Iterable<ConfigDocument>): Promise<number> {
    const byKey = new Map(copied.map((one) => [one.key, one]));
    let repaired = 0;
    for (const document of truth) {
      const stored = byKey.get(document.key);
      const same = stored !== undefined && compareVersions(stored.version, document.version) === 0;
      if (same && stored.text === document.text) continue;
      if ((await this.#copy.apply(document)) === 'applied') repaired += 1;
    }
    return repaired;
  }

  /** Invariant 5. */
  async #forget(
    copied: readonly ConfigDocument[],
    truth: ReadonlyMap<string, ConfigDocument>,
  ): Promise<void> {
    const oldestMs = this.#clock.nowMs() - TOMBSTONE_KEPT_MS;
    for (const document of copied) {
      if (document.text !== undefined || document.atMs > oldestMs) continue;
      const known = truth.get(document.key);
      if (known === undefined) await this.#copy.forget(document);
      else if (known.text === undefined && compareVersions(known.version, document.version) === 0) {
        await this.#authority.forget(known);
      }
    }
  }

  async #beginEpoch(seen: readonly ConfigDocument[], state: AuthorityState): Promise<void> {
    const greatest = seen.reduce((max, { version }) => Math.max(max, version.epoch), state.epoch ?? 0);
    const epoch = await this.#authority.raiseEpoch(greatest + 1);
    this.#logger.warn({ epoch }, 'the configuration authority went back; a new epoch begins');
  }
}

/** True when something was seen that is later than what the authority holds. */
function isAhead(seen: readonly ConfigDocument[], state: AuthorityState): boolean {
  const epoch = state.epoch ?? 0;
  const truth = new Map(state.documents.map((one) => [`${one.family}/${one.key}`, one.version]));
  return seen.some(({ family, key, version }) => {
    const known = truth.get(`${family}/${key}`);
    return version.epoch > epoch || (known !== undefined && compareVersions(version, known) > 0);
  });
}
