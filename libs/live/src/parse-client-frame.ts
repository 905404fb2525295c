/**
 * A client's frame from the text of a WebSocket message. Strict: unknown fields, other types and other
 * versions are refused, for a misspelt filter that were ignored would show the wrong hosts.
 */
import { Fault } from '@ringwatch/kernel';
import type { ClientFrame, HostFilter, MetricFilter, SubscribeFrame } from './frame.ts';
import {
  FILTER_LABELS_MAX,
  FRAME_SIZE_MAX,
  LIVE_VERSION,
  PATTERN_LENGTH_MAX,
  PATTERNS_MAX,
  SUBSCRIPTION_ID_LENGTH_MAX,
} from './limits.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * @throws {Fault} `invalid_argument` with reason `frame_too_large`, `frame_malformed`, `frame_version`,
 * `frame_unknown_type`, `frame_unknown_field`, `too_many_patterns` or `pattern_too_long`.
 */
export function parseClientFrame(text: string): ClientFrame {
  if (text.length > FRAME_SIZE_MAX) throw refuse('frame_too_large', `more than ${FRAME_SIZE_MAX} bytes`);
  const frame = objectOf(parseJson(text), 'frame');
  if (frame['v'] !== LIVE_VERSION) throw refuse('frame_version', `v must be ${LIVE_VERSION}`);
  switch (frame['type']) {
    case 'subscribe':
      return subscribeOf(frame);
    case 'unsubscribe':
      onlyFields(frame, 'frame', ['v', 'type', 'id']);
      return { type: 'unsubscribe', id: idOf(frame) };
    case 'ping':
      onlyFields(frame, 'frame', ['v', 'type', 'nonce']);
      return { type: 'ping', ...(frame['nonce'] !== undefined && { nonce: nonceOf(frame['nonce']) }) };
    default:
      throw refuse('frame_unknown_type', 'type must be subscribe, unsubscribe or ping');
  }
}

function subscribeOf(frame: Json): SubscribeFrame {
  onlyFields(frame, 'frame', ['v', 'type', 'id', 'hosts', 'metrics']);
  return {
    type: 'subscribe',
    id: idOf(frame),
    ...(frame['hosts'] !== undefined && { hosts: hostsOf(objectOf(frame['hosts'], 'hosts')) }),
    ...(frame['metrics'] !== undefined && { metrics: metricsOf(objectOf(frame['metrics'], 'metrics')) }),
  };
}

function hostsOf(filter: Json): HostFilter {
  onlyFields(filter, 'hosts', ['ids', 'globs', 'labels']);
  const patterns = listsOf(filter, 'hosts', ['ids', 'globs']);
  if (filter['labels'] === undefined) return patterns;
  const labels = Object.entries(objectOf(filter['labels'], 'hosts.labels'));
  if (labels.length > FILTER_LABELS_MAX) {
    throw refuse('too_many_patterns', `hosts.labels: at most ${FILTER_LABELS_MAX}`);
  }
  for (const [name, value] of labels) {
    patternOf(name, 'hosts.labels');
    patternOf(value, `hosts.labels.${name}`);
  }
  return { ...patterns, labels: Object.fromEntries(labels) as Record<string, string> };
}

function metricsOf(filter: Json): MetricFilter {
  onlyFields(filter, 'metrics', ['names', 'globs', 'series']);
  return listsOf(filter, 'metrics', ['names', 'globs', 'series']);
}

/** The lists of a filter, each a list of patterns, counted together. */
function listsOf(filter: Json, where: string, fields: readonly string[]): Record<string, readonly string[]> {
  const lists: Record<string, readonly string[]> = {};
  let count = 0;
  for (const field of fields) {
    const list = filter[field];
    if (list === undefined) continue;
    if (!Array.isArray(list)) throw refuse('frame_malformed', `${where}.${field} must be a list of texts`);
    count += list.length;
    if (count > PATTERNS_MAX) throw refuse('too_many_patterns', `${where}: at most ${PATTERNS_MAX} patterns`);
    lists[field] = list.map((pattern: unknown) => patternOf(pattern, `${where}.${field}`));
  }
  return lists;
}

function patternOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw refuse('frame_malformed', `${where}: a pattern must be a text`);
  if (value.length <= PATTERN_LENGTH_MAX) return value;
  throw refuse('pattern_too_long', `${where}: a pattern has at most ${PATTERN_LENGTH_MAX} characters`);
}

function idOf(frame: Json): string {
  const id = frame['id'];
  if (typeof id === 'string' && id.length > 0 && id.length <= SUBSCRIPTION_ID_LENGTH_MAX) return id;
  throw refuse('frame_malformed', `id must be a text of 1 to ${SUBSCRIPTION_ID_LENGTH_MAX} characters`);
}

function nonceOf(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw refuse('frame_malformed', 'nonce must be an integer');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('frame_malformed', 'a frame must be JSON');
  }
}

function objectOf(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw refuse('frame_malformed', `${where} must be an object`);
}

function onlyFields(value: Json, where: string, allowed: readonly string[]): void {
  for (const field of Object.keys(value)) {
    if (allowed.includes(field)) continue;
    throw refuse('frame_unknown_field', `${where} has no field ${JSON.stringify(field.slice(0, 64))}`);
  }
}

function refuse(reason: string, detail: string): Fault {
  return new Fault('invalid_argument', detail, { reason });
}
