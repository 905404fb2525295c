import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BatchResult } from '@ringwatch/broker-client';
import { Fault } from '@ringwatch/kernel';
import { FakeClock, MemoryLogger, settle } from '@ringwatch/kernel/fake';
import type { Report } from '@ringwatch/metrics';
import { DiskBuffer } from './buffer/disk-buffer.ts';
import { ReportBuilder } from './report-builder.ts';
import { Shipper } from './shipper.ts';

let folder: string;
let buffer: DiskBuffer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-shipper-'));
  buffer = new DiskBuffer({ folder, bytesMax: 1e7, ageMaxMs: 1e9, clock: new FakeClock() });
});
afterEach(() => rmSync(folder, { recursive: true }));

const builder = new ReportBuilder({ hostId: 'web-1', labels: {}, intervalMs: 1_000 });
const append = (from: number, count: number): void => {
  for (let i = 0; i < count; i++) buffer.append([builder.build(from + i, new Map([['load1', i]]))]);
};

/** A sink whose answers the test gives, one by one. */
class HeldSink {
  readonly sent: (readonly Report[])[] = [];
  readonly #answers: { resolve(result: BatchResult): void; reject(fault: Fault): void }[] = [];

  send(reports: readonly Report[]): Promise<BatchResult> {
    this.sent.push(reports);
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  async answer(result: Partial<BatchResult> = {}): Promise<void> {
    this.#answers
      .shift()
      ?.resolve({ accepted: this.sent.at(-1)?.length ?? 0, duplicates: 0, refusals: [], ...result });
    await settle();
  }

  async close(): Promise<void> {
    for (const { reject } of this.#answers.splice(0)) reject(new Fault('cancelled', 'closed'));
    await settle();
  }
}

test('a backlog goes out oldest first, in few batches, of which at most four are under way', async () => {
  append(1, 3_000);
  const sink = new HeldSink();
  const shipper = new Shipper(buffer, sink, new MemoryLogger());
  shipper.pump();
  expect(sink.sent).toHaveLength(4);
  for (let i = 0; i < 50; i++) await sink.answer();
  await shipper.settled();
  expect(sink.sent.flat().map((report) => report.timestamp)).toEqual(
    Array.from({ length: 3_000 }, (_, i) => i + 1),
  );
  expect(sink.sent.length).toBeLessThan(20);
  expect(buffer.waiting).toBe(0);
});

test('what was under way when the stream closed is on disk for the next process', async () => {
  append(1, 10);
  const sink = new HeldSink();
  const shipper = new Shipper(buffer, sink, new MemoryLogger());
  shipper.pump();
  await sink.close();
  expect(buffer.waiting).toBe(10);
  buffer.close();
  const next = new DiskBuffer({ folder, bytesMax: 1e7, ageMaxMs: 1e9, clock: new FakeClock() });
  expect(next.take(99)?.reports.map((report) => report.timestamp)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  next.close();
});

test('refused reports leave the disk, are counted by reason, and are logged once a batch', async () => {
  append(1, 3);
  const sink = new HeldSink();
  const logger = new MemoryLogger();
  const shipper = new Shipper(buffer, sink, logger);
  shipper.pump();
  const fault = new Fault('invalid_argument', 'too old', { reason: 'timestamp_too_old' });
  const refusals = (sink.sent[0] ?? []).slice(1).map((report) => ({ report, fault }));
  await sink.answer({ accepted: 1, refusals });
  expect(shipper.counts).toEqual({ stored: 1, duplicates: 0, refused: { timestamp_too_old: 2 } });
  expect([buffer.waiting, logger.lines.length]).toEqual([0, 1]);
});
