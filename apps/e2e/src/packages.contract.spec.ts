import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './system.ts';

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly exports: Record<string, unknown>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Every library that others may install. */
const LIBRARIES = readdirSync(join(ROOT, 'libs'))
  .map((room) => ({ room, folder: join(ROOT, 'libs', room), ...manifestOf(join(ROOT, 'libs', room)) }))
  .filter((library) => library.private !== true);

/** A project of a stranger: our packed libraries and what they declare, nothing else; above all no Nest. */
const scratch = mkdtempSync(join(tmpdir(), 'ringwatch-scratch-'));
const tarballs = new Map<string, string>();

/** Unpacks the library into the scratch project and links the dependencies it declares. */
async function install({ folder, name, dependencies = {} }: (typeof LIBRARIES)[number]): Promise<void> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', scratch], { cwd: folder });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  tarballs.set(name, join(scratch, filename));
  const target = join(scratch, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  await run('tar', ['-xzf', join(scratch, filename), '-C', target, '--strip-components=1']);
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith('@ringwatch/')) continue;
    const link = join(scratch, 'node_modules', dependency);
    const source = [join(folder, 'node_modules'), join(ROOT, 'node_modules')]
      .map((modules) => join(modules, dependency))
      .find(existsSync);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) symlinkSync(source as string, link);
  }
}

beforeAll(async () => {
  writeFileSync(join(scratch, 'package.json'), '{ "name": "scratch", "private": true }');
  for (const library of LIBRARIES) await install(library);
}, 60_000);

describe.each(LIBRARIES)('$name', ({ name, exports }) => {
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json' && entry !== './nest');
  const specifiers = entries.map((entry) => join(name, entry));

  test('passes publint --strict', async () => {
    const { stdout } = await run('publint', ['--strict', tarballs.get(name) as string]);
    expect(stdout).toContain('All good!');
  });

  test('passes attw', async () => {
    const { stdout } = await run('attw', ['--profile', 'esm-only', tarballs.get(name) as string]);
    expect(stdout).toContain(name);
  });

  test('can be imported and required from a project without Nest', async () => {
    const program = [
      ...specifiers.map((specifier) => `await import(${JSON.stringify(specifier)});`),
      "const require = (await import('node:module')).createRequire(process.cwd() + '/x.cjs');",
      ...specifiers.map((specifier) => `require(${JSON.stringify(specifier)});`),
      "let nest = false; try { require('@nestjs/common'); nest = true } catch {}",
      'console.log(String(nest));',
      'process.exit(0);',
    ].join('\n');
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
      cwd: scratch,
      env: { ...process.env, NODE_PATH: '' },
    });
    expect(stdout.trim()).toBe('false');
  });
});
