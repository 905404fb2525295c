import { Fault } from '@ringwatch/kernel';

/** Names to values that describe a host: `{ os: "linux", rack: "r7" }`. Null prototype or own keys only. */
export type Labels = Readonly<Record<string, string>>;

/** True when both carry the same names with the same values, in any order. */
export function sameLabels(a: Labels | undefined, b: Labels | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

/** Labels as JSON with sorted names; no bytes at all when there are none. */
export function encodeLabels(labels: Labels | undefined): Buffer {
  if (labels === undefined) return Buffer.alloc(0);
  return Buffer.from(JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** What {@link encodeLabels} wrote, as an object without a prototype. @throws {Fault} `data_loss`. */
export function decodeLabels(bytes: Buffer): Labels {
  const labels: Record<string, string> = Object.create(null);
  try {
    for (const [name, value] of JSON.parse(bytes.toString()) as [string, string][]) labels[name] = value;
  } catch (error) {
    throw new Fault('data_loss', 'stored labels are unreadable', { cause: error });
  }
  return labels;
}
