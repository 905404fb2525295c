/**
 * May this process be sent work? A process is ready unless a check failed or it is draining; a degraded check
 * is said but keeps it ready, because a system without Redis still accepts reports.
 */
export type CheckState = 'ok' | 'degraded' | 'failed';

export interface Check {
  readonly state: CheckState;
  /** Why, for people. Absent when `ok` needs no words. */
  readonly detail?: string;
}

/** What `/readyz` answers. */
export interface ReadinessReport {
  readonly status: 'ready' | 'degraded' | 'failed' | 'draining';
  readonly checks: Readonly<Record<string, Check>>;
}

export class Readiness {
  readonly #checks = new Map<string, () => Check>();
  #draining = false;

  /** Adds or replaces the check `name`, read each time someone asks. It must be cheap and must not throw. */
  watch(name: string, read: () => Check): void {
    this.#checks.set(name, read);
  }

  /** Adds or replaces the check `name` by its present state, for owners that know when it changes. */
  set(name: string, state: CheckState, detail?: string): void {
    const check: Check = detail === undefined ? { state } : { state, detail };
    this.#checks.set(name, () => check);
  }

  /** Says from now on that this process wants no more work. There is no way back. */
  startDraining(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  report(): ReadinessReport {
    const checks = Object.fromEntries([...this.#checks].map(([name, read]) => [name, read()]));
    return { status: this.#draining ? 'draining' : worst(Object.values(checks)), checks };
  }
}

function worst(checks: readonly Check[]): 'ready' | 'degraded' | 'failed' {
  if (checks.some((check) => check.state === 'failed')) return 'failed';
  return checks.some((check) => check.state === 'degraded') ? 'degraded' : 'ready';
}
