/**
 * A folder of Jepsen's logs of a register with the verdicts that others reached, to check the checker
 * against: `*.log`, and `expected.json` that says of each whether it is linearizable.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault, type Clock } from '@ringwatch/kernel';
import { casRegister } from './cas-register.ts';
import { checkLinearizability, describeVerdict } from './check-linearizability.ts';
import { parseJepsenLog } from './jepsen-log.ts';

/** Names the folder that has the sub-folder `jepsen-etcd`; a relative path begins at the workspace. */
const VARIABLE = 'LINEARIZABILITY_DIR';
const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
/** Hundreds of times what a history of some hundred operations takes. */
const BUDGET_MS = 20_000;

/** A log and its expected verdict. */
export interface JepsenHistory {
  readonly name: string;
  readonly path: string;
  readonly linearizable: boolean;
}

/** Where the histories are, or why there are none. */
export type JepsenFolder =
  | { readonly available: true; readonly folder: string }
  | { readonly available: false; readonly reason: string };

/** The folder for this run, by the environment. It may not exist. */
export function jepsenFolder(): JepsenFolder {
  const parent = process.env[VARIABLE];
  if (parent === undefined || parent === '') {
    return { available: false, reason: `no histories: set ${VARIABLE} to a folder with jepsen-etcd in it` };
  }
  return { available: true, folder: join(resolve(WORKSPACE, parent), 'jepsen-etcd') };
}

/**
 * The histories of a folder, by name.
 * @throws {Fault} `not_found` without the folder or its `expected.json`, `failed_precondition` when the two
 * do not name the same logs or name none, so that nothing passes by not being there.
 */
export function listJepsenHistories(folder: string): readonly JepsenHistory[] {
  const verdictsPath = join(folder, 'expected.json');
  if (!existsSync(verdictsPath)) throw new Fault('not_found', `no ${verdictsPath}`);
  const expected = new Map(Object.entries(JSON.parse(readFileSync(verdictsPath, 'utf8')) as object));
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
  const names = [...new Set([...expected.keys(), ...logs])].sort();
  if (names.length === 0) throw new Fault('failed_precondition', `${folder} has no histories`);
  return names.map((name) => {
    const linearizable: unknown = expected.get(name);
    if (typeof linearizable !== 'boolean' || !logs.includes(name)) {
      throw new Fault('failed_precondition', `${join(folder, name)} needs a log and an expected verdict`);
    }
    return { name, path: join(folder, name), linearizable };
  });
}

/** Checks one history: what is wrong with its verdict, or undefined when it is the expected one. */
export function checkJepsenHistory(
  { name, path, linearizable }: JepsenHistory,
  clock: Pick<Clock, 'monotonicMs'>,
): string | undefined {
  const operations = parseJepsenLog(readFileSync(path, 'utf8'));
  const verdict = checkLinearizability(casRegister, operations, { clock, budgetMs: BUDGET_MS });
  const expected = linearizable ? 'linearizable' : 'not-linearizable';
  if (verdict.verdict === expected) return undefined;
  return `${name}: expected ${expected}, found ${describeVerdict(verdict)}`;
}
