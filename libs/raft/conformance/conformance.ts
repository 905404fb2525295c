/** Runs folders of scenario files in the shape of etcd's own: `interaction`, `quorum` and `confchange`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { confchangeRunner } from './confchange-runner.ts';
import { interactionRunner } from './interaction-runner.ts';
import { quorumRunner } from './quorum-runner.ts';
import { asExpected, comparable, parseScenario, spoiled, type Directive } from './scenario.ts';

/** A scenario file and how to run it. */
export interface ScenarioFile {
  /** `interaction/campaign.txt` */
  readonly name: string;
  readonly directives: readonly Directive[];
  readonly runner: () => (directive: Directive) => string;
}

/** How a file went; after the first failure the rest depends on it and counts as failed. */
export interface ScenarioResult {
  readonly name: string;
  readonly passed: number;
  readonly total: number;
  /** Line, what was expected and what came, of the first failure. */
  readonly failure: string | undefined;
}

const RUNNERS = {
  interaction: interactionRunner,
  quorum: quorumRunner,
  confchange: confchangeRunner,
} as const;

/** All scenario files in `folder`, in order. @throws when a sub-folder is missing or has none. */
export function scenarioFiles(folder: string): ScenarioFile[] {
  return Object.entries(RUNNERS).flatMap(([kind, runner]) => {
    const names = readdirSync(join(folder, kind)).filter((name) => name.endsWith('.txt'));
    if (names.length === 0) throw new Error(`there is no scenario in ${join(folder, kind)}`);
    return names.toSorted().map((name) => {
      const directives = parseScenario(readFileSync(join(folder, kind, name), 'utf8'));
      return { name: `${kind}/${name}`, directives, runner };
    });
  });
}

export function runScenario({ name, directives, runner }: ScenarioFile): ScenarioResult {
  const run = runner();
  for (const [passed, directive] of directives.entries()) {
    const failure = failureOf(run, directive);
    if (failure !== undefined) return { name, passed, total: directives.length, failure };
  }
  return { name, passed: directives.length, total: directives.length, failure: undefined };
}

/** The file with one expected byte changed, in a directive of its middle. */
export function spoiledFile(file: ScenarioFile): ScenarioFile {
  const middle = file.directives.length >> 1;
  const directives = file.directives.map((directive, i) => (i === middle ? spoiled(directive) : directive));
  return { ...file, directives };
}

function failureOf(run: (directive: Directive) => string, directive: Directive): string | undefined {
  let actual: string;
  try {
    actual = run(directive);
  } catch (error) {
    actual = `crashed: ${error instanceof Error ? error.stack : String(error)}`;
  }
  if (asExpected(directive, actual)) return undefined;
  const { line, command, expected } = directive;
  return `line ${line}: ${command}\nexpected:\n${comparable(expected)}\ngot:\n${comparable(actual)}`;
}
