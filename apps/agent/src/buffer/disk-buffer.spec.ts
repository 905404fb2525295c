import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '@ringwatch/kernel/fake';
import { DEFAULT_LIMITS, packValues, schemaOf, type Report } from '@ringwatch/metrics';
import { DiskBuffer, type DiskBufferOptions } from './disk-buffer.ts';

const schemas = [schemaOf(['load1']), schemaOf(['load1', 'load5'])];
const report = (timestamp: number, schema = 0): Report => ({
  hostId: 'web-1',
  timestamp,
  intervalMs: 1_000,
  labels: { os: 'linux' },
  schema: schemas[schema] as (typeof schemas)[0],
  values: packValues([timestamp, 2].slice(0, schema + 1)),
  late: false,
});

let folder: string;
let clock: FakeClock;
const open: DiskBuffer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringwatch-buffer-'));
  clock = new FakeClock();
});
afterEach(() => {
  for (const buffer of open.splice(0)) buffer.close();
  rmSync(folder, { recursive: true });
});

function opened(options: Partial<DiskBufferOptions> = {}): DiskBuffer {
  const buffer = new DiskBuffer({
    folder,
    bytesMax: 1e6,
    ageMaxMs: 86_400_000,
    clock,
    segmentBytes: 400,
    ...options,
  });
  open.push(buffer);
  return buffer;
}

/** As `kill -9` leaves it: the next one opens the same files without a close. */
const fill = (buffer: DiskBuffer, count: number, from = 1): void => {
  for (let i = 0; i < count; i++) buffer.append([report(from + i, i % 2)]);
};

function drain(buffer: DiskBuffer, reportsMax = 3): Report[] {
  const reports: Report[] = [];
  for (let taken = buffer.take(reportsMax); taken !== undefined; taken = buffer.take(reportsMax)) {
    reports.push(...taken.reports);
    taken.done();
  }
  return reports;
}

const times = (reports: readonly Report[]): number[] => reports.map((each) => each.timestamp);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('order and content', () => {
  test('reports come back oldest first and equal, over many segments', () => {
    const buffer = opened();
    fill(buffer, 40);
    expect(readdirSync(folder).length).toBeGreaterThan(5);
    expect(drain(buffer)).toEqual(upTo(40).map((i) => report(i, (i - 1) % 2)));
    expect(buffer.waiting).toBe(0);
  });

  test('files go as soon as all of theirs is told, in whatever order that happens', () => {
    const buffer = opened();
    fill(buffer, 40);
    const taken = upTo(30).flatMap(() => buffer.take(2) ?? []);
    for (const each of taken.toReversed()) each.done();
    drain(buffer);
    expect(readdirSync(folder)).toHaveLength(1);
    buffer.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a report beyond the default limits comes back too: a setting may have raised them', () => {
    const wide = schemaOf(upTo(DEFAULT_LIMITS.metricsPerReportMax + 1).map((i) => `m${i}`));
    const buffer = opened();
    buffer.append([{ ...report(1), schema: wide, values: packValues(wide.keys.map(() => 2)) }]);
    expect(drain(buffer)).toMatchObject([{ timestamp: 1, schema: { keys: wide.keys } }]);
  });

  test('what is taken is not handed out twice', () => {
    const buffer = opened();
    fill(buffer, 4);
    expect([times(buffer.take(2)?.reports ?? []), times(buffer.take(9)?.reports ?? [])]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(buffer.take(9)).toBeUndefined();
  });
});

describe('restart', () => {
  test('without a close, everything untold is there again, and new reports follow it', () => {
    fill(opened(), 20);
    const next = opened();
    expect(next.waiting).toBe(20);
    fill(next, 5, 21);
    expect(times(drain(next))).toEqual(upTo(25));
  });

  test('a torn tail is cut off, wherever it is torn', () => {
    fill(opened({ segmentBytes: 1e6 }), 5);
    const path = join(folder, readdirSync(folder)[0] as string);
    const whole = readFileSync(path);
    for (let cut = whole.length - 1; cut > whole.length - 60; cut -= 7) {
      writeFileSync(path, whole);
      truncateSync(path, cut);
      const buffer = new DiskBuffer({ folder, bytesMax: 1e6, ageMaxMs: 1e9, clock });
      expect(times(buffer.take(99)?.reports ?? [])).toEqual(upTo(4));
    }
  });

  test('a flipped bit ends the segment there instead of sending nonsense', () => {
    fill(opened({ segmentBytes: 1e6 }), 5);
    const path = join(folder, readdirSync(folder)[0] as string);
    const bytes = readFileSync(path);
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 4;
    writeFileSync(path, bytes);
    expect(times(drain(opened()))).toEqual(upTo(4));
  });

  test('garbage behind the last record is ignored, an empty file removed, another version refused', () => {
    fill(opened({ segmentBytes: 1e6 }), 3);
    appendFileSync(join(folder, readdirSync(folder)[0] as string), 'garbage');
    writeFileSync(join(folder, '000000000900.segment'), '');
    expect(times(drain(opened()))).toEqual(upTo(3));
    writeFileSync(join(folder, '000000000901.segment'), 'RWBUF\0\0\x09');
    expect(() => opened()).toThrow(expect.objectContaining({ reason: 'buffer_version' }));
  });
});

describe('bounds', () => {
  test('above its bytes the oldest go, and they are counted', () => {
    const buffer = opened({ bytesMax: 2_000 });
    fill(buffer, 100);
    expect(buffer.bytes).toBeLessThanOrEqual(2_000 + 400);
    const kept = times(drain(buffer));
    expect(kept).toEqual(upTo(100).slice(-kept.length));
    expect(buffer.dropped + kept.length).toBe(100);
    expect(kept.length).toBeGreaterThan(5);
  });

  test('what is too old to be accepted is dropped and counted', async () => {
    const buffer = opened({ ageMaxMs: 60_000 });
    fill(buffer, 10);
    await clock.advance(61_000);
    fill(buffer, 2, 11);
    expect(times(drain(buffer)).at(-1)).toBe(12);
    expect(buffer.dropped).toBeGreaterThan(5);
  });

  test('telling the fate of what was dropped meanwhile does no harm', () => {
    const buffer = opened({ bytesMax: 1_000 });
    fill(buffer, 3);
    const taken = buffer.take(99);
    fill(buffer, 60, 4);
    expect(() => taken?.done()).not.toThrow();
    expect(times(drain(buffer)).at(-1)).toBe(63);
  });
});
