/** Numbers as people read them. Every unit has one formatter, for axes, legends, cards and tables alike. */

export type Unit = 'percent' | 'bytes' | 'bytes-per-second' | 'seconds' | 'per-second' | 'celsius' | 'number';

const ABSENT = '–';
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Writes a number with so many decimals. */
type Digits = (value: number, digits: number) => string;

/**
 * `value` with its unit; percentages come as ratios (0.25 is 25 %). An absent value is a dash. A reading that
 * moves keeps its decimals (`1.10`), so that it does not jump; whole numbers and zero have none.
 */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  return format(value, unit, steady);
}

/** `value` as a scale shows it: without zeros at the end. */
export function formatTick(value: number, unit: Unit): string {
  return format(value, unit, trim);
}

function format(value: number | null | undefined, unit: Unit, digits: Digits): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return ABSENT;
  switch (unit) {
    case 'percent':
      return `${digits(value * 100, Math.abs(value) < 0.0995 ? 1 : 0)} %`;
    case 'bytes':
      return scaled(value, 1024, BINARY, digits);
    case 'bytes-per-second':
      return `${scaled(value, 1024, BINARY, digits)}/s`;
    case 'seconds':
      return seconds(value);
    case 'per-second':
      return `${scaled(value, 1000, DECIMAL, digits).trim()}/s`;
    case 'celsius':
      return `${digits(value, 1)} °C`;
    case 'number':
      return isSmallWhole(value) ? String(value) : scaled(value, 1000, DECIMAL, digits).trim();
  }
}

/** True where people count in powers of two. */
export function isBinary(unit: Unit): boolean {
  return unit === 'bytes' || unit === 'bytes-per-second';
}

/**
 * The end of a scale that holds `max`: a power of two for bytes, else 1, 2 or 5 times a power of ten. It
 * changes seldom, so the scale does not jump each second.
 */
export function scaleEnd(max: number, unit: Unit): number {
  if (!(max > 0)) return 1;
  if (isBinary(unit)) return 2 ** Math.ceil(Math.log2(max));
  const power = 10 ** Math.floor(Math.log10(max));
  return ([1, 2, 5].find((factor) => factor * power >= max) ?? 10) * power;
}

/** What a metric is measured in, read from its name by Prometheus' naming rules. */
export function unitOf(metricName: string): Unit {
  const counter = metricName.endsWith('_total');
  const name = counter ? metricName.slice(0, -'_total'.length) : metricName;
  if (name.endsWith('_bytes')) return counter ? 'bytes-per-second' : 'bytes';
  // Seconds per second are a share of time.
  if (name.endsWith('_seconds')) return counter ? 'percent' : 'seconds';
  if (name.endsWith('_ratio')) return 'percent';
  if (name.endsWith('_celsius')) return 'celsius';
  return counter ? 'per-second' : 'number';
}

/** A length of time: `4 s`, `12 min`, `3 h`, `5 d`. */
export function formatAge(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** A point in time as the viewer's clock shows it. */
export function formatTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toLocaleTimeString([], { hour12: false });
}

function scaled(value: number, base: number, names: readonly string[], digits: Digits): string {
  let scale = 0;
  let rest = Math.abs(value);
  while (rest >= base && scale < names.length - 1) {
    rest /= base;
    scale++;
  }
  const decimals = rest >= 100 || (base === 1024 && scale === 0) ? 0 : rest >= 10 ? 1 : 2;
  return `${digits(Math.sign(value) * rest, decimals)} ${names[scale]}`;
}

function seconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${trim(value * 1e6, 0)} µs`;
  if (size < 1) return `${trim(value * 1e3, size < 0.01 ? 1 : 0)} ms`;
  return size < 120 ? `${trim(value, 1)} s` : formatAge(value * 1000);
}

/** Most numbers without a unit count things. */
function isSmallWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 1000;
}

/** At most `digits` decimals, without zeros at the end. */
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** Exactly `digits` decimals; nothing is just `0`. */
function steady(value: number, digits: number): string {
  return value === 0 ? '0' : value.toFixed(digits);
}
