import { Fault } from '@ringwatch/kernel';
import type { LogRecord, LogStore } from './log-store.ts';

/**
 * A log in memory: the twin of the segment log, for tests and for looking at what a log is. Durable for
 * nobody.
 */
export class MemoryLog implements LogStore {
  #payloads: Buffer[] = [];
  #firstIndex = 1;
  #sizeBytes = 0;
  #closed = false;

  constructor(readonly logId = 'memory') {}

  get firstIndex(): number {
    return this.#firstIndex;
  }

  get lastIndex(): number {
    return this.#firstIndex + this.#payloads.length - 1;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(payloads: readonly Buffer[]): Promise<number> {
    if (this.#closed) throw new Fault('unavailable', 'the log is closed');
    for (const payload of payloads) {
      this.#payloads.push(payload);
      this.#sizeBytes += payload.length;
    }
    return this.lastIndex;
  }

  async read(index: number): Promise<Buffer> {
    const payload = this.#payloads[index - this.#firstIndex];
    if (payload === undefined) throw new Fault('out_of_range', `log index ${index} is not retained`);
    return payload;
  }

  async *scan(from: number): AsyncIterable<LogRecord> {
    if (from < this.#firstIndex) throw new Fault('out_of_range', `log index ${from} is not retained`);
    for (let index = from; index <= this.lastIndex; index++) yield { index, payload: await this.read(index) };
  }

  trimPoint(index: number): number {
    return Math.max(this.#firstIndex, Math.min(index, this.lastIndex + 1));
  }

  async trim(index: number): Promise<void> {
    const dropped = this.#payloads.splice(0, this.trimPoint(index) - this.#firstIndex);
    this.#firstIndex += dropped.length;
    for (const payload of dropped) this.#sizeBytes -= payload.length;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
