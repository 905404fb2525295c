/**
 * What a parser of `/proc` adds to: series keys with their values. Parsers are pure, text to samples; a line
 * or a field that an older or newer kernel words differently is left out, never guessed.
 */
import { formatSeriesKey, type Labels } from '@ringwatch/metrics';

export class Samples {
  readonly values = new Map<string, number>();

  /** Adds one value unless it is not a number. Counters end in `_total`. */
  add(name: string, value: number, labels?: Labels): void {
    if (Number.isFinite(value))
      this.values.set(labels === undefined ? name : formatSeriesKey(name, labels), value);
  }
}

/** The lines of `text` as fields separated by blanks; empty lines left out. */
export function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(/\s+/));
}
