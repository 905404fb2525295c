/**
 * Series keys are Prometheus-shaped: `load1` or `cpu_seconds_total{cpu="0",mode="user"}`.
 *
 * 1. The canonical form has its labels sorted by name, no spaces and only the escapes `\\`, `\"` and `\n`;
 *    two series are the same exactly when their canonical keys are equal.
 * 2. Parsing is one linear scan: no regular expression runs over a whole key that a user sent.
 */
import { Fault } from '@ringwatch/kernel';
import type { Labels } from './labels.ts';

export interface SeriesKey {
  readonly name: string;
  /** Sorted by name; empty when there are none. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** Counters end in `_total`; everything else is a gauge. */
export function isCounter(key: string): boolean {
  const brace = key.indexOf('{');
  return (brace < 0 ? key : key.slice(0, brace)).endsWith('_total');
}

/** The metric name of a series key: what stands before its labels. */
export function metricName(key: string): string {
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}

/** The canonical key of a metric with labels. */
export function formatSeriesKey(name: string, labels: Labels = {}): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return name;
  return `${name}{${names.map((label) => `${label}="${escape(labels[label] as string)}"`).join(',')}}`;
}

/** The canonical form of `text`. @throws {Fault} `invalid_argument` as {@link parseSeriesKey}. */
export function canonicalSeriesKey(text: string): string {
  if (isMetricName(text)) return checkReserved(text);
  const { name, labels } = parseSeriesKey(text);
  return formatSeriesKey(name, Object.fromEntries(labels));
}

/**
 * Name and labels of a key, canonical or not.
 * @throws {Fault} `invalid_argument` with reason `series_key_malformed`, `series_key_duplicate_label` or
 * `series_key_reserved`.
 */
export function parseSeriesKey(text: string): SeriesKey {
  const brace = text.indexOf('{');
  const name = brace < 0 ? text : text.slice(0, brace);
  if (!isMetricName(name)) throw malformed(text, 'bad metric name');
  checkReserved(name);
  if (brace < 0) return { name, labels: [] };
  const labels: [string, string][] = [];
  let at = brace + 1;
  while (text[at] !== '}') {
    const equals = text.indexOf('="', at);
    if (equals < 0) throw malformed(text, 'label without value');
    const label = text.slice(at, equals).trim();
    if (!isLabelName(label)) throw malformed(text, 'bad label name');
    const { value, end } = quoted(text, equals + 2);
    labels.push([checkReserved(label), value]);
    at = end;
    if (text[at] === ',') at++;
    else if (text[at] !== '}') throw malformed(text, 'labels not separated by a comma');
    while (text[at] === ' ') at++;
  }
  if (at !== text.length - 1) throw malformed(text, 'text after the labels');
  labels.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (let i = 1; i < labels.length; i++) {
    if (labels[i]?.[0] === labels[i - 1]?.[0]) {
      throw new Fault('invalid_argument', `label twice in ${preview(text)}`, {
        reason: 'series_key_duplicate_label',
      });
    }
  }
  return { name, labels };
}

/** `[a-zA-Z_:][a-zA-Z0-9_:]*` */
export function isMetricName(text: string): boolean {
  return isName(text, true);
}

/** `[a-zA-Z_][a-zA-Z0-9_]*` */
export function isLabelName(text: string): boolean {
  return isName(text, false);
}

function isName(text: string, colon: boolean): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || (colon && c === 58);
    if (!letter && (i === 0 || c < 48 || c > 57)) return false;
  }
  return true;
}

/** Reads a quoted value that starts at `from`; `end` is the index after its closing quote. */
function quoted(text: string, from: number): { value: string; end: number } {
  let value = '';
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === '"') return { value, end: i + 1 };
    if (c !== '\\') {
      value += c;
      continue;
    }
    const escaped = text[++i];
    if (escaped === 'n') value += '\n';
    else if (escaped === '\\' || escaped === '"') value += escaped;
    else throw malformed(text, 'unknown escape');
  }
  throw malformed(text, 'value without a closing quote');
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Names that would reach an object's prototype are refused, so that any consumer may use plain objects. */
function checkReserved(name: string): string {
  if (name !== '__proto__') return name;
  throw new Fault('invalid_argument', `the name ${name} is reserved`, { reason: 'series_key_reserved' });
}

function malformed(text: string, why: string): Fault {
  return new Fault('invalid_argument', `series key ${preview(text)}: ${why}`, {
    reason: 'series_key_malformed',
  });
}

function preview(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
