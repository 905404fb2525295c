/**
 * What all doors for reports share: check each report, store what is good, tell the fate of each.
 *
 * 1. One bad report never costs another its place.
 * 2. Nothing is counted as accepted before it is durable.
 */
import { Fault, toFault, type Clock } from '@ringwatch/kernel';
import type { Batch, BatchAck } from '@ringwatch/contracts';
import {
  fromWire,
  JsonReportDecoder,
  resolveSchemas,
  SchemaTable,
  validateReport,
  type Report,
} from '@ringwatch/metrics';
import { ReportStatus, statusFault, type Replica } from '@ringwatch/partition';
import type { SettingsHolder } from './settings.ts';

/** The refusal of one item of a request. */
export interface ItemRefusal {
  readonly index: number;
  readonly fault: Fault;
}

export interface IngestResult {
  /** Reports stored for the first time. */
  readonly accepted: number;
  /** Reports that were stored already with equal content. */
  readonly duplicates: number;
  /** In the order of the items. */
  readonly refusals: readonly ItemRefusal[];
  /** Log index at which the reports were applied; 0 when none was. */
  readonly logIndex: number;
}

export interface IngestOptions {
  readonly replica: Replica;
  readonly settings: SettingsHolder;
  readonly clock: Clock;
  /** Told of each request's outcome. */
  readonly onResult: (result: IngestResult) => void;
}

/** Schemas that the doors remember besides those in the log. */
const DOOR_SCHEMAS_MAX = 20_000;

export class Ingest {
  readonly #schemas = new SchemaTable(DOOR_SCHEMAS_MAX);
  readonly #json: JsonReportDecoder;

  constructor(private readonly options: IngestOptions) {
    this.#json = new JsonReportDecoder(this.#schemas, () => options.settings.current.limits);
  }

  /** A batch of the protocol; never rejects, for every item has its own answer. */
  async storeBatch(batch: Batch): Promise<BatchAck> {
    const { limits } = this.options.settings.current;
    const schemas = resolveSchemas(batch.schemas, this.#schemas, limits);
    const result = await this.#store(batch.reports.map((report) => fromWire(report, schemas)));
    return {
      sequence: batch.sequence,
      accepted: result.accepted,
      duplicates: result.duplicates,
      faults: result.refusals.map(toItemFault),
      index: result.logIndex,
    };
  }

  /**
   * A parsed JSON body: one report or an array of them.
   * @throws {Fault} the first refusal when nothing was stored.
   */
  async storeJson(body: unknown): Promise<IngestResult> {
    const items = Array.isArray(body) ? body : [body];
    const result = await this.#store(items.map((item) => this.#decode(item)));
    const first = result.refusals[0];
    if (first !== undefined && result.refusals.length === items.length) throw first.fault;
    return result;
  }

  async #store(items: readonly (Report | Fault)[]): Promise<IngestResult> {
    const checked = this.#check(items);
    const good: Report[] = [];
    const positions: number[] = [];
    for (const [position, item] of checked.entries()) {
      if (item instanceof Fault) continue;
      good.push(item);
      positions.push(position);
    }
    const fates = checked as (Report | Fault | undefined)[];
    const { index, duplicates } = await this.#submit(good, positions, fates);
    const refusals: ItemRefusal[] = [];
    for (const [i, fate] of fates.entries())
      if (fate instanceof Fault) refusals.push({ index: i, fault: fate });
    const result = {
      accepted: items.length - refusals.length - duplicates,
      duplicates,
      refusals,
      logIndex: index,
    };
    this.options.onResult(result);
    return result;
  }

  /** Each item as a report that may be stored, or as its refusal. */
  #check(items: readonly (Report | Fault)[]): (Report | Fault)[] {
    const { limits } = this.options.settings.current;
    const nowMs = this.options.clock.nowMs();
    return items.map((item, i) => {
      if (i >= limits.reportsPerRequestMax) return surplusFault(limits.reportsPerRequestMax);
      if (item instanceof Fault) return item;
      if (!this.options.replica.state.schemas.hasRoomFor(item.schema)) return schemasFullFault();
      return validateReport(item, limits, nowMs) ?? item;
    });
  }

  /** Stores `good` and puts the fault of each that was refused into `fates`. */
  async #submit(
    good: readonly Report[],
    positions: readonly number[],
    fates: (Report | Fault | undefined)[],
  ): Promise<{ index: number; duplicates: number }> {
    try {
      const { index, statuses } = await this.options.replica.submit(good);
      let duplicates = 0;
      for (const [i, status] of statuses.entries()) {
        if (status === ReportStatus.duplicate) duplicates++;
        else if (status !== ReportStatus.accepted) fates[positions[i] as number] = statusFault(status);
      }
      return { index, duplicates };
    } catch (error) {
      const fault = refusalOf(toFault(error));
      for (const position of positions) fates[position] = fault;
      return { index: 0, duplicates: 0 };
    }
  }

  #decode(item: unknown): Report | Fault {
    try {
      return this.#json.decode(item);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }
}

/** A broken log is our trouble; to the client it means: not stored, try again, perhaps elsewhere. */
function refusalOf(fault: Fault): Fault {
  if (fault.code !== 'data_loss') return fault;
  return new Fault('unavailable', 'the log cannot be written', { cause: fault, reason: 'log_broken' });
}

function toItemFault({ index, fault }: ItemRefusal): BatchAck['faults'][number] {
  const { code, reason, detail, retryAfterMs = 0 } = fault;
  return { index, code, reason, detail, retryAfterMs: Math.ceil(retryAfterMs) };
}

function surplusFault(reportsMax: number): Fault {
  const message = `more than ${reportsMax} reports in a request`;
  return new Fault('invalid_argument', message, { reason: 'too_many_reports' });
}

/** Room comes back as old reports leave the retained log. */
function schemasFullFault(): Fault {
  const message = 'the series of too many different kinds of reports are at hand already';
  return new Fault('resource_exhausted', message, { reason: 'schemas_full', retryAfterMs: 60_000 });
}
