/**
 * Checks every history of the folder that the environment names, prints a line for each that gets another
 * verdict than expected, and ends in `N passed, N failed`.
 *
 * Exit code 1 when a verdict is wrong, 2 when there is nothing to check.
 */
import { Fault, toFault } from '@ringwatch/kernel';
import { systemClock } from '@ringwatch/kernel/system';
import { checkJepsenHistory, jepsenFolder, listJepsenHistories } from './jepsen-histories.ts';

try {
  const source = jepsenFolder();
  if (!source.available) throw new Fault('failed_precondition', source.reason);
  const histories = listJepsenHistories(source.folder);
  const startedMs = systemClock.monotonicMs();
  const failures = histories.flatMap((history) => {
    try {
      return checkJepsenHistory(history, systemClock) ?? [];
    } catch (error) {
      return `${history.name}: ${toFault(error).message}`;
    }
  });
  for (const failure of failures) console.log(failure);
  const tookMs = Math.round(systemClock.monotonicMs() - startedMs);
  console.log(`${histories.length} histories in ${tookMs} ms`);
  console.log(`${histories.length - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`linearizability: ${toFault(error).message}`);
  process.exitCode = 2;
}
