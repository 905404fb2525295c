/**
 * Lives simulated clusters of a bundle, seed after seed, and tells the parent about each; a process of its
 * own, for a planted bug may never come to an end.
 */
import { pathToFileURL } from 'node:url';
import { systemClock } from '@ringwatch/kernel/system';

/** What the bundle exports. */
interface Simulator {
  simulateRaft(options: { readonly seed: number; readonly clock: typeof systemClock }): {
    readonly violation: string | undefined;
  };
}

/** How one life went. */
export interface Life {
  readonly seed: number;
  readonly violation: string | undefined;
}

const [bundle = '', from = '1', count = '1'] = process.argv.slice(2);
const simulator = (await import(pathToFileURL(bundle).href)) as Simulator;
const end = Number(from) + Number(count);
for (let seed = Number(from); seed < end; seed++) {
  const { violation } = simulator.simulateRaft({ seed, clock: systemClock });
  await new Promise<void>((resolve) => {
    process.send?.({ seed, violation } satisfies Life, () => resolve());
  });
  if (violation !== undefined) break;
}
process.disconnect();
