import type { Metrics } from '@ringwatch/service';
import type { Counter } from 'prom-client';
import type { IngestResult } from './ingest.ts';

/** Counters of what came in at the doors. */
export class IngestMetrics {
  readonly #reports: Counter<'outcome'>;
  readonly #refused: Counter<'reason'>;

  constructor(metrics: Metrics) {
    this.#reports = metrics.counter('ringwatch_reports_total', 'Reports by what became of them', ['outcome']);
    this.#refused = metrics.counter('ringwatch_reports_refused_total', 'Refused reports by reason', [
      'reason',
    ]);
  }

  count({ accepted, duplicates, refusals }: IngestResult): void {
    if (accepted > 0) this.#reports.inc({ outcome: 'accepted' }, accepted);
    if (duplicates > 0) this.#reports.inc({ outcome: 'duplicate' }, duplicates);
    if (refusals.length > 0) this.#reports.inc({ outcome: 'refused' }, refusals.length);
    for (const { fault } of refusals) this.#refused.inc({ reason: fault.reason });
  }
}
