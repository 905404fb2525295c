import type { Clock, Random } from '@ringwatch/kernel';

/** The kernel's clock in a browser. */
export const browserClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

export const browserRandom: Random = { next: () => Math.random() };

/** The gateway's push door, beside the page. */
export function liveUrl(page: Pick<Location, 'protocol' | 'host'>): string {
  return `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/live`;
}
