/**
 * Retries are at most a tenth of requests, so that a cluster in trouble is not pushed over by its own
 * clients. A small reserve lets a quiet client retry at all.
 */
const RETRIES_PER_REQUEST = 0.1;
const RESERVE_MAX = 10;

export class RetryBudget {
  #tokens = RESERVE_MAX;

  /** Counts a request, not its retries. */
  request(): void {
    this.#tokens = Math.min(RESERVE_MAX, this.#tokens + RETRIES_PER_REQUEST);
  }

  /** True, and spent, when a retry is allowed. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
