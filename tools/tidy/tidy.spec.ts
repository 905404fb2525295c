import { describe, expect, test } from 'vitest';
import { RULES } from './rules.ts';
import { Workspace } from './workspace.ts';

const CLEAN: Readonly<Record<string, string>> = {
  'libs/partition/package.json': '{ "exports": { ".": "./src/index.ts" } }',
  'libs/partition/README.md': 'See `libs/partition/src/index.ts`.',
  'libs/partition/src/index.ts': "export { apply } from './apply.ts';\n",
  'libs/partition/src/apply.ts': "import { crc32 } from 'node:zlib';\nexport const apply = crc32;\n",
  'libs/raft-node/package.json': '{ "exports": { ".": "./src/index.ts" } }',
  'libs/raft-node/README.md': 'A driver.',
  'libs/raft-node/src/index.ts': 'export const startedAt = Date.now();\n',
  'tools/run.mjs': '',
  'tools/test.mjs': '',
};

const core = 'libs/partition/src/apply.ts';

/** Each fixture breaks exactly one rule. */
const FIXTURES: readonly { rule: string; files: Record<string, string> }[] = [
  { rule: 'file-length', files: { [core]: `export const apply = 1;\n${'//\n'.repeat(400)}` } },
  { rule: 'line-length', files: { [core]: `export const apply = '${'x'.repeat(100)}';\n` } },
  { rule: 'function-length', files: { [core]: `export function apply() {\n${'  f();\n'.repeat(70)}}\n` } },
  { rule: 'folder-by-kind', files: { 'tools/utils/a.mjs': '', 'tools/utils/main.mjs': "import './a.mjs';" } },
  { rule: 'folder-by-kind', files: { 'tools/helpers.mjs': '' } },
  { rule: 'single-file-folder', files: { 'tools/alone/main.mjs': '' } },
  { rule: 'file-name', files: { 'tools/runAll.mjs': '' } },
  { rule: 'pure-core', files: { [core]: 'export const apply = () => Date.now();\n' } },
  { rule: 'pure-core', files: { [core]: 'export const apply = () => Math.random();\n' } },
  { rule: 'pure-core', files: { [core]: 'export const apply = () => setTimeout(f, 1);\n' } },
  { rule: 'pure-core', files: { [core]: 'export const apply = () => new Date();\n' } },
  { rule: 'pure-core', files: { [core]: "import 'node:fs';\nexport const apply = 1;\n" } },
  { rule: 'pure-core', files: { [core]: "import '@nestjs/common';\nexport const apply = 1;\n" } },
  { rule: 'pure-core', files: { [core]: "import '@ringwatch/kernel/system';\nexport const apply = 1;\n" } },
  {
    rule: 'environment',
    files: { 'libs/raft-node/src/index.ts': 'export const home = process.env.HOME;\n' },
  },
  { rule: 'export-star', files: { 'libs/partition/src/index.ts': "export * from './apply.ts';\n" } },
  { rule: 'default-export', files: { [core]: 'const apply = 1;\nexport default apply;\n' } },
  { rule: 'switched-off-test', files: { 'libs/partition/src/apply.spec.ts': "test.skip('x', () => {});\n" } },
  {
    rule: 'own-folder',
    files: { 'libs/raft-node/src/index.ts': "export { start } from '../../../tools/run.mjs';\n" },
  },
  { rule: 'dead-file', files: { 'libs/partition/src/orphan.ts': 'export const orphan = 1;\n' } },
  { rule: 'doc-path', files: { 'libs/raft-node/README.md': 'See `libs/raft-node/src/gone.ts`.' } },
  { rule: 'doc-path', files: { 'libs/raft-node/README.md': 'See [this](./gone.md).' } },
  { rule: 'readme', files: { 'libs/raft-node/README.md': '' } },
  { rule: 'note-to-self', files: { 'libs/raft-node/README.md': ['TO', 'DO: write'].join('') } },
  { rule: 'machine-path', files: { 'libs/raft-node/README.md': ['in /ro', 'ot/x'].join('') } },
  { rule: 'registry-host', files: { 'libs/raft-node/README.md': ['from registry.npm', 'js.org'].join('') } },
];

describe('tidy', () => {
  test('finds nothing in a clean tree', () => {
    expect(findings(CLEAN)).toEqual([]);
  });

  test.each(FIXTURES)('$rule bites: $files', ({ rule, files }) => {
    const broken = { ...CLEAN, ...files };
    if (rule === 'readme') delete (broken as Record<string, string>)['libs/raft-node/README.md'];
    expect(new Set(findings(broken).map((finding) => finding.rule))).toEqual(new Set([rule]));
  });
});

function findings(files: Readonly<Record<string, string>>) {
  const workspace = new Workspace(new Map(Object.entries(files)));
  return RULES.flatMap((rule) => [...rule(workspace)]);
}
