// Writes each project's tsconfig files from its package.json, so that TypeScript's project references always
// equal the declared dependencies. `--check` writes nothing and fails when a file differs (run by lint).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SCOPE = '@ringwatch/';

const DOM_LIB = ['es2023', 'es2024.string', 'dom', 'dom.iterable'];
/** Compiler options of the projects whose code runs in a browser, in whole or in part. */
const BROWSER_OPTIONS = {
  [`${SCOPE}dashboard`]: {
    lib: DOM_LIB,
    jsx: 'react-jsx',
    jsxImportSource: 'preact',
    types: ['vite/client'],
  },
  [`${SCOPE}e2e`]: { lib: DOM_LIB },
};

/** Folders of programs that a project may have beside its sources; all but the benches are rare. */
const PROGRAM_FOLDERS = ['cluster', 'conformance', 'mutants'];

/** Every project folder by its package name. */
function projects() {
  const found = new Map();
  for (const group of ['libs', 'apps']) {
    for (const name of readdirSync(join(root, group))) {
      const manifest = join(root, group, name, 'package.json');
      if (!existsSync(manifest)) continue;
      const pkg = JSON.parse(readFileSync(manifest, 'utf8'));
      found.set(pkg.name, { folder: join(group, name), pkg });
    }
  }
  return found;
}

/** The three tsconfig files of one project, by path. */
function filesOf({ folder, pkg }, all) {
  const references = Object.keys({ ...pkg.dependencies, ...pkg.devDependencies })
    .filter((name) => name.startsWith(SCOPE) && all.get(name)?.folder.startsWith('libs/'))
    .map((name) => ({ path: `${relative(folder, all.get(name).folder)}/tsconfig.build.json` }));
  const extendsBase = '../../tsconfig.base.json';
  const dom = pkg.name === `${SCOPE}dashboard`;
  const extra = BROWSER_OPTIONS[pkg.name] ?? {};
  const specs = dom ? ['src/**/*.spec.ts', 'src/**/*.spec.tsx'] : ['src/**/*.spec.ts'];
  const sources = dom ? ['src/**/*.ts', 'src/**/*.tsx'] : ['src/**/*.ts'];
  const programs = PROGRAM_FOLDERS.filter((name) => existsSync(join(root, folder, name))).map(
    (name) => `${name}/**/*.ts`,
  );
  return {
    'tsconfig.json': {
      files: [],
      references: [{ path: './tsconfig.build.json' }, { path: './tsconfig.spec.json' }],
    },
    'tsconfig.build.json': {
      extends: extendsBase,
      compilerOptions: { ...extra, rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
      include: sources,
      exclude: specs,
      references,
    },
    'tsconfig.spec.json': {
      extends: extendsBase,
      compilerOptions: {
        ...extra,
        noEmit: true,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        tsBuildInfoFile: 'out-tsc/spec.tsbuildinfo',
      },
      include: [...specs, ...(dom ? [] : ['bench/**/*.ts']), ...programs],
      references: [{ path: './tsconfig.build.json' }, ...references],
    },
  };
}

const check = process.argv.includes('--check');
const all = projects();
const stale = [];
for (const project of all.values()) {
  for (const [name, content] of Object.entries(filesOf(project, all))) {
    const path = join(root, project.folder, name);
    const text = `${JSON.stringify(content, null, 2)}\n`;
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    stale.push(relative(root, path));
    if (!check) writeFileSync(path, text);
  }
}
if (check && stale.length > 0) {
  console.error(`stale (run node tools/sync-references.mjs):\n  ${stale.join('\n  ')}`);
  process.exit(1);
}
