import { useEffect, useState } from 'preact/hooks';
import { live } from '../live/live-state.ts';
import { isKnownHost } from '../live/rest.ts';

/** A host that just started has this long to report before the gateway is asked whether it knows it. */
const ASK_AFTER_MS = 1_500;

/** True once the gateway said that no host of this name has ever reported. */
export function useHostMissing(hostId: string, waiting: boolean): boolean {
  const [missing, setMissing] = useState(false);
  const { phase } = live.state.value;
  useEffect(() => {
    if (!waiting || phase !== 'empty') return undefined;
    const abort = new AbortController();
    const ask = (): void =>
      void isKnownHost(hostId, abort.signal).then(
        (known) => setMissing(!known),
        () => undefined, // Who cannot answer does not say that the host is missing.
      );
    const timer = setTimeout(ask, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [hostId, waiting, phase]);
  return missing;
}
