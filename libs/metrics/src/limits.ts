/**
 * What a report and a request may be at most. All are settings; these are the defaults.
 */
export interface Limits {
  /** Host id, bytes of UTF-8. */
  readonly hostIdBytesMax: number;
  /** Metrics in one report. */
  readonly metricsPerReportMax: number;
  /** One series key, bytes of UTF-8. */
  readonly seriesKeyBytesMax: number;
  /** Labels of one report. */
  readonly labelsPerReportMax: number;
  /** A label's name and its value together, bytes of UTF-8. */
  readonly labelBytesMax: number;
  /** Reports in one request. */
  readonly reportsPerRequestMax: number;
  /** A request body as it came, bytes. */
  readonly requestBytesMax: number;
  /** A request body after decompression, bytes. */
  readonly inflatedBytesMax: number;
  /** Depth of nesting of a JSON body. */
  readonly jsonDepthMax: number;
  /** A report may be this much older than the broker's time, milliseconds. */
  readonly pastMaxMs: number;
  /** A report may be this much newer than the broker's time, milliseconds. */
  readonly futureMaxMs: number;
  /** Hosts seen for the first time, per hour. */
  readonly newHostsPerHourMax: number;
  /** Schemas seen for the first time, per host and hour. */
  readonly newSchemasPerHostHourMax: number;
}

export const DEFAULT_LIMITS: Limits = {
  hostIdBytesMax: 255,
  metricsPerReportMax: 2_000,
  seriesKeyBytesMax: 512,
  labelsPerReportMax: 32,
  labelBytesMax: 256,
  reportsPerRequestMax: 1_000,
  requestBytesMax: 1024 * 1024,
  inflatedBytesMax: 8 * 1024 * 1024,
  jsonDepthMax: 8,
  pastMaxMs: 24 * 3_600_000,
  futureMaxMs: 5 * 60_000,
  newHostsPerHourMax: 10_000,
  newSchemasPerHostHourMax: 100,
};

/** What a setting may raise each limit to at most: what the formats on disk and on the wire can hold. */
export const LIMITS_CEILING: Limits = {
  hostIdBytesMax: 1_024,
  metricsPerReportMax: 20_000,
  seriesKeyBytesMax: 4_096,
  labelsPerReportMax: 128,
  labelBytesMax: 1_024,
  reportsPerRequestMax: 10_000,
  requestBytesMax: 4 * 1024 * 1024,
  inflatedBytesMax: 64 * 1024 * 1024,
  jsonDepthMax: 64,
  pastMaxMs: 365 * 24 * 3_600_000,
  futureMaxMs: 24 * 3_600_000,
  newHostsPerHourMax: 1_000_000,
  newSchemasPerHostHourMax: 1_000_000,
};

/**
 * All labels of a report together, bytes of UTF-8: their JSON has to fit a 16-bit length whatever it escapes.
 */
export const LABELS_BYTES_MAX = 10_000;

/**
 * All series keys of a report together, bytes of UTF-8: with its values they have to fit one 4 MiB message.
 */
export const SCHEMA_BYTES_MAX = 2 * 1024 * 1024;
