/**
 * What a viewer's page shows of its connection, as a total table: every phase × every event. A missing cell
 * does not compile. Times, sockets and timers are the driver's; this says only what follows from what.
 */

/**
 * - `connecting`: nothing was ever received.
 * - `live`: reports arrive.
 * - `stale`: the socket is open, but no report came for three intervals, or the gateway lost its brokers.
 * - `reconnecting`: the socket is lost; the next try is scheduled.
 * - `empty`: the socket is open and no host has reported yet.
 * - `error`: refused for good; only the user's retry goes on.
 */
export type Phase = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'empty' | 'error';

/**
 * - `opening`: a try starts.
 * - `welcomed`: the gateway answered.
 * - `data`: a report arrived, or a snapshot with reports that are fresh.
 * - `nothing`: a complete snapshot had no host at all.
 * - `silence`: three intervals without a report, or the gateway says that its brokers are away.
 * - `lost`: the socket closed, or never opened.
 * - `refused`: the gateway speaks another version or does not want this page.
 */
export type ConnectionEvent = 'opening' | 'welcomed' | 'data' | 'nothing' | 'silence' | 'lost' | 'refused';

const TRANSITIONS: Readonly<Record<Phase, Readonly<Record<ConnectionEvent, Phase>>>> = {
  connecting: {
    opening: 'connecting',
    welcomed: 'connecting',
    data: 'live',
    nothing: 'empty',
    silence: 'stale',
    lost: 'reconnecting',
    refused: 'error',
  },
  live: {
    opening: 'reconnecting',
    welcomed: 'live',
    data: 'live',
    nothing: 'empty',
    silence: 'stale',
    lost: 'reconnecting',
    refused: 'error',
  },
  stale: {
    opening: 'reconnecting',
    welcomed: 'stale',
    data: 'live',
    nothing: 'empty',
    silence: 'stale',
    lost: 'reconnecting',
    refused: 'error',
  },
  reconnecting: {
    opening: 'reconnecting',
    welcomed: 'reconnecting', // The last data is old until new data says otherwise.
    data: 'live',
    nothing: 'empty',
    silence: 'stale',
    lost: 'reconnecting',
    refused: 'error',
  },
  empty: {
    opening: 'reconnecting',
    welcomed: 'empty',
    data: 'live',
    nothing: 'empty',
    silence: 'empty', // Nobody is late where nobody has ever reported.
    lost: 'reconnecting',
    refused: 'error',
  },
  error: {
    opening: 'connecting', // Only the user's retry opens again.
    welcomed: 'error',
    data: 'error',
    nothing: 'error',
    silence: 'error',
    lost: 'error',
    refused: 'error',
  },
};

/** The phase after `event`. */
export function nextPhase(phase: Phase, event: ConnectionEvent): Phase {
  return TRANSITIONS[phase][event];
}

/** Whether the page follows the newest data. `behind` counts the updates since it does not. */
export type Viewing = { readonly mode: 'following' } | { readonly mode: 'paused'; readonly behind: number };

export type ViewingEvent = 'pause' | 'follow' | 'update';

type Step = (viewing: Viewing) => Viewing;

const VIEWING: Readonly<Record<Viewing['mode'], Readonly<Record<ViewingEvent, Step>>>> = {
  following: {
    pause: () => ({ mode: 'paused', behind: 0 }),
    follow: (viewing) => viewing,
    update: (viewing) => viewing,
  },
  paused: {
    pause: (viewing) => viewing,
    follow: () => ({ mode: 'following' }),
    update: (viewing) => ({ mode: 'paused', behind: 'behind' in viewing ? viewing.behind + 1 : 1 }),
  },
};

/** How the page views after `event`. A lost connection does not end a pause. */
export function nextViewing(viewing: Viewing, event: ViewingEvent): Viewing {
  return VIEWING[viewing.mode][event](viewing);
}

/** A live page is stale after this many intervals without a report. */
export const STALE_AFTER_INTERVALS = 3;
/** First pause between two tries, before jitter … */
export const RECONNECT_BASE_MS = 500;
/** … and the longest. */
export const RECONNECT_MAX_MS = 15_000;
