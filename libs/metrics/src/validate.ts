/**
 * What every door asks of a report, whatever the format it came in. The schema has been checked already.
 */
import { Fault } from '@ringwatch/kernel';
import { LABELS_BYTES_MAX, type Limits } from './limits.ts';
import type { Labels } from './labels.ts';
import type { Report } from './report.ts';
import { isLabelName } from './series-key.ts';

/**
 * The first thing wrong with `report`, or undefined. Costs no exception, for refusals must stay cheap under a
 * flood.
 * @param nowMs the broker's wall time, Unix milliseconds.
 * @returns `invalid_argument` with reason `host_id_invalid`, `interval_invalid`, `labels_invalid`,
 *   `values_length`, `value_not_finite`, or `out_of_range` with `timestamp_invalid`, `timestamp_too_old`,
 *   `timestamp_in_future`.
 */
export function validateReport(report: Report, limits: Limits, nowMs: number): Fault | undefined {
  return (
    checkHostId(report.hostId, limits) ??
    checkTimestamp(report.timestamp, limits, nowMs) ??
    checkInterval(report.intervalMs) ??
    (report.labels && checkLabels(report.labels, limits)) ??
    checkValues(report.values, report.schema.keys.length)
  );
}

/** A host id is 1 to `hostIdBytesMax` bytes of well-formed UTF-8 without control characters. */
export function checkHostId(hostId: string, limits: Limits): Fault | undefined {
  const length = hostId.length;
  if (length === 0) return invalid('host_id_invalid', 'the host id is empty');
  if (
    length > limits.hostIdBytesMax ||
    (length * 3 > limits.hostIdBytesMax && Buffer.byteLength(hostId) > limits.hostIdBytesMax)
  ) {
    return invalid('host_id_invalid', `the host id is longer than ${limits.hostIdBytesMax} bytes`);
  }
  for (let i = 0; i < length; i++) {
    const c = hostId.charCodeAt(i);
    if (c < 0x20 || c === 0x7f) return invalid('host_id_invalid', 'the host id has a control character');
    if (c >= 0xd800 && !hostId.isWellFormed())
      return invalid('host_id_invalid', 'the host id is not well-formed Unicode');
  }
  return undefined;
}

function checkTimestamp(timestamp: number, limits: Limits, nowMs: number): Fault | undefined {
  if (!Number.isFinite(timestamp) || timestamp < 0) {
    return range('timestamp_invalid', 'the timestamp is not a finite number of Unix seconds');
  }
  const timestampMs = timestamp * 1_000;
  if (timestampMs < nowMs - limits.pastMaxMs) {
    return range('timestamp_too_old', `the timestamp is more than ${limits.pastMaxMs / 1_000} s in the past`);
  }
  if (timestampMs > nowMs + limits.futureMaxMs) {
    return range(
      'timestamp_in_future',
      `the timestamp is more than ${limits.futureMaxMs / 1_000} s in the future`,
    );
  }
  return undefined;
}

/** A day: a host that reports more rarely is not monitored. */
const INTERVAL_MAX_MS = 86_400_000;

function checkInterval(intervalMs: number): Fault | undefined {
  if (Number.isInteger(intervalMs) && intervalMs >= 0 && intervalMs <= INTERVAL_MAX_MS) return undefined;
  return invalid('interval_invalid', `the interval is not a whole number of 0 to ${INTERVAL_MAX_MS} ms`);
}

function checkLabels(labels: Labels, limits: Limits): Fault | undefined {
  const names = Object.keys(labels);
  if (names.length > limits.labelsPerReportMax) {
    return invalid('labels_invalid', `${names.length} labels, at most ${limits.labelsPerReportMax}`);
  }
  let bytes = 0;
  for (const name of names) {
    const value = labels[name] as string;
    if (!isLabelName(name) || name === '__proto__') {
      return invalid('labels_invalid', 'a label name is malformed');
    }
    const labelBytes = Buffer.byteLength(name) + Buffer.byteLength(value);
    if (labelBytes > limits.labelBytesMax) {
      return invalid('labels_invalid', `label ${name} is longer than ${limits.labelBytesMax} bytes`);
    }
    if (!value.isWellFormed()) {
      return invalid('labels_invalid', `label ${name} is not well-formed Unicode`);
    }
    bytes += labelBytes;
  }
  if (bytes > LABELS_BYTES_MAX)
    return invalid('labels_invalid', `labels of more than ${LABELS_BYTES_MAX} bytes`);
  return undefined;
}

function checkValues(values: Buffer, columns: number): Fault | undefined {
  if (values.length !== columns * 8) {
    return invalid('values_length', `${values.length} bytes of values for ${columns} columns of 8 bytes`);
  }
  for (let at = 0; at < values.length; at += 8) {
    if (isInfinite(values, at)) return invalid('value_not_finite', `value ${at / 8} is infinite`);
  }
  return undefined;
}

/**
 * Bits of an infinity: exponent all ones, mantissa zero. Read from bytes because a slice of a request is not
 * aligned.
 */
function isInfinite(values: Buffer, at: number): boolean {
  if (((values[at + 7] as number) & 0x7f) !== 0x7f || values[at + 6] !== 0xf0) return false;
  return values.readUInt32LE(at) === 0 && values.readUInt16LE(at + 4) === 0;
}

function invalid(reason: string, message: string): Fault {
  return new Fault('invalid_argument', message, { reason });
}

function range(reason: string, message: string): Fault {
  return new Fault('out_of_range', message, { reason });
}
