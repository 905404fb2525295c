/**
 * What one viewer may ask for and how much may wait for it. Both ends know these numbers: a client that keeps
 * to them is never refused for them.
 */

/** Version of the frames. A frame of another version is refused. */
export const LIVE_VERSION = 1;

/** A client's frame, in UTF-16 units here and in bytes at the socket (`maxPayload`). */
export const FRAME_SIZE_MAX = 64 * 1024;
/** Subscriptions that one socket holds at a time. */
export const SUBSCRIPTIONS_MAX = 32;
/** Ids and globs of a host filter together; names, globs and series of a metric filter together. */
export const PATTERNS_MAX = 100;
/** One id, glob, metric name or series key, in UTF-16 units: the longest key that settings can allow. */
export const PATTERN_LENGTH_MAX = 4_096;
/** Labels that a host filter may name. */
export const FILTER_LABELS_MAX = 32;
/** A subscription's id, in UTF-16 units. */
export const SUBSCRIPTION_ID_LENGTH_MAX = 64;

/** Frames a client may send at once before it is told to slow down … */
export const CLIENT_FRAMES_BURST = 40;
/** … and how many it may send a second over a longer time. */
export const CLIENT_FRAMES_PER_SECOND = 20;
/** Subscriptions a client may ask for at once: each has every host looked at … */
export const SUBSCRIBES_BURST = 8;
/** … and how many a second over a longer time. */
export const SUBSCRIBES_PER_SECOND = 1;

/** From this much unsent data on, a viewer gets only the newest report of each host. */
export const CONFLATE_FROM_BYTES = 256 * 1024;
/** At this much unsent data a viewer is closed with {@link CLOSE_TRY_AGAIN}. */
export const CLOSE_FROM_BYTES = 1024 * 1024;
/** A viewer that stays above {@link CONFLATE_FROM_BYTES} for this long is closed as well. */
export const DRAIN_TIMEOUT_MS = 30_000;
/** Values in one frame that is made for a single viewer; larger snapshots come in several frames. */
export const VALUES_PER_FRAME_MAX = 8_192;
/** Reports in one such frame. */
export const REPORTS_PER_FRAME_MAX = 1_000;

/** Schemas that a channel numbers before it starts over with a snapshot. */
export const CHANNEL_SCHEMAS_MAX = 4_096;
/** Hosts that a channel has looked at before it does the same. */
export const CHANNEL_HOSTS_MAX = 200_000;

/** WebSocket close code 1013 (IANA registry): try again later. */
export const CLOSE_TRY_AGAIN = 1013;
/** WebSocket close code 1008 (RFC 6455 §7.4.1): policy violation. */
export const CLOSE_POLICY = 1008;
/** WebSocket close code 1001 (RFC 6455 §7.4.1): going away. */
export const CLOSE_GOING_AWAY = 1001;
