/**
 * The version of a document: the epoch of the authority and the document's ModifyIndex in it. Greater means
 * later.
 *
 * An index alone is not enough: a restored Consul counts again from an earlier index. A new epoch then makes
 * everything that it holds later than what the copies got before.
 */

export interface ConfigVersion {
  readonly epoch: number;
  /** ModifyIndex of the document in Consul. */
  readonly index: number;
}

/** The version that stands for "no document": every document has a later one. */
export const NO_VERSION: ConfigVersion = { epoch: 0, index: 0 };

/** Negative when `a` is earlier than `b`, 0 when they are equal. */
export function compareVersions(a: ConfigVersion, b: ConfigVersion): number {
  return a.epoch - b.epoch || a.index - b.index;
}

/** `epoch-index`, as it stands in Redis and in ETags. */
export function formatVersion({ epoch, index }: ConfigVersion): string {
  return `${epoch}-${index}`;
}

/** The version that formats to `text`, or undefined when none does. */
export function parseVersion(text: string): ConfigVersion | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  const version = { epoch: Number(match[1]), index: Number(match[2]) };
  return formatVersion(version) === text ? version : undefined;
}
