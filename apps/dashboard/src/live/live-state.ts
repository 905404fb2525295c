/** The page's one connection and how it views it. */
import { signal } from '@preact/signals';
import { nextViewing, type Viewing, type ViewingEvent } from '@ringwatch/live';
import { browserClock, browserRandom, liveUrl } from './browser-ports.ts';
import { LiveConnection, type Socket } from './live-connection.ts';

export const live = new LiveConnection({
  openSocket: () => new WebSocket(liveUrl(location)) as Socket,
  clock: browserClock,
  random: browserRandom,
});

/** Following the newest data, or paused with a count of what was missed. */
export const viewing = signal<Viewing>({ mode: 'following' });

export function view(event: ViewingEvent): void {
  viewing.value = nextViewing(viewing.value, event);
}

/** The page's wall time, moved every second, for ages and countdowns. */
export const nowMs = signal(Date.now());

const NOW_EVERY_MS = 1_000;

/** Opens the connection and starts the page's clock. Called once at the start. */
export function startLive(): void {
  live.connect();
  setInterval(() => void (nowMs.value = Date.now()), NOW_EVERY_MS);
}
