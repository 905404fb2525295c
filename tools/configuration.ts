/**
 * The configuration of every process, read from the schemas that validate it, and the page made of it.
 *
 * 1. Sources are bundled into one scratch module and imported, because Node cannot strip what they use
 *    (parameter properties). The module lies inside the checkout, so that it finds the installed packages.
 * 2. The modules are named by path and not imported, because tools stand apart from what they look at.
 * 3. What a setting means is said once, in the comment of its field; it is taken from there.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** One field of a process's configuration, as `describeConfig` of libs/service says it. */
export interface Field {
  readonly name: string;
  readonly flag: string;
  readonly env: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'choice' | 'list';
  readonly description: string;
  readonly choices: readonly string[];
  readonly default: string | undefined;
  readonly required: boolean;
  readonly secret: boolean;
}

/** One field of the settings document, family `brokers`, key `settings`. */
export interface Setting {
  /** Path in the document: `limits.pastMaxMs`. */
  readonly path: string;
  readonly description: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface Configuration {
  /** Fields by app, in the order in which a system starts. */
  readonly apps: ReadonlyMap<string, readonly Field[]>;
  readonly settings: readonly Setting[];
}

/** App → its configuration schema: file and export. */
const APPS = {
  'config-sync': 'configSyncConfig',
  broker: 'brokerConfig',
  'visualization-gateway': 'gatewayConfig',
  agent: 'agentConfig',
} as const;

const FAMILIES = 'libs/config-store/src/families.ts';
const LIMITS = 'libs/metrics/src/limits.ts';

/** JSON Schema of an object of numbers, as zod writes it. */
interface NumbersSchema {
  readonly properties: Readonly<
    Record<string, NumbersSchema & { readonly minimum: number; readonly maximum: number }>
  >;
}

interface Sources {
  readonly describeConfig: (schema: unknown) => readonly Field[];
  readonly schemas: Readonly<Record<keyof typeof APPS, unknown>>;
  readonly settingsSchema: NumbersSchema;
  /** The settings in force while nothing is configured. */
  readonly defaults: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

/** Reads the configuration of all apps and the settings document. */
export async function readConfiguration(): Promise<Configuration> {
  const { describeConfig, schemas, settingsSchema, defaults } = await loadSources();
  const apps = Object.entries(schemas).map(([app, schema]) => [app, describeConfig(schema)] as const);
  return { apps: new Map(apps), settings: settingsOf(settingsSchema, defaults) };
}

function settingsOf(schema: NumbersSchema, defaults: Sources['defaults']): Setting[] {
  const comments = new Map([...commentsOf(FAMILIES), ...commentsOf(LIMITS)]);
  const settings: Setting[] = [];
  const add = (
    properties: NumbersSchema['properties'],
    values: Sources['defaults'],
    prefix: string,
  ): void => {
    for (const [name, property] of Object.entries(properties)) {
      const value = values[name];
      if (typeof value === 'object') add(property.properties, value, `${prefix}${name}.`);
      else if (value === undefined) throw new Error(`configuration: ${prefix}${name} has no default`);
      else {
        const description = comments.get(name) ?? '';
        const { minimum: min, maximum: max } = property;
        settings.push({ path: prefix + name, description, default: value, min, max });
      }
    }
  };
  add(schema.properties, defaults, '');
  return settings;
}

/** Imports the sources through one bundled module. */
async function loadSources(): Promise<Sources> {
  const entry = 'configuration-sources';
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    external: (id) =>
      !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@ringwatch/') && id !== entry,
    resolve: { conditionNames: ['@ringwatch/source', 'node'] },
    plugins: [
      {
        name: 'configuration-sources',
        resolveId: (id) => (id === entry ? join(root, entry) : undefined),
        load: (id) => (id === join(root, entry) ? entrySource() : undefined),
      },
    ],
  });
  mkdirSync(join(root, '.tmp'), { recursive: true });
  const folder = mkdtempSync(join(root, '.tmp', 'configuration-'));
  try {
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'sources.mjs' });
    return (await import(pathToFileURL(join(folder, 'sources.mjs')).href)) as Sources;
  } finally {
    await bundle.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function entrySource(): string {
  const imports = Object.entries(APPS).map(
    ([app, name]) => `import { ${name} } from './apps/${app}/src/config.ts';`,
  );
  const schemas = Object.entries(APPS).map(([app, name]) => `${JSON.stringify(app)}: ${name}`);
  return `
    import { z } from 'zod';
    import { brokerSettings } from './${FAMILIES}';
    import { SettingsHolder } from './apps/broker/src/settings.ts';
    ${imports.join('\n')}
    export { describeConfig } from './libs/service/src/config/config-field.ts';
    export const schemas = { ${schemas.join(', ')} };
    export const settingsSchema = z.toJSONSchema(brokerSettings);
    const reader = { get: () => ({ value: undefined }), onChange: () => () => undefined };
    export const defaults = new SettingsHolder(reader).current;
  `;
}

/** Field name → the sentence in front of it, for every commented field of an interface or object. */
function commentsOf(path: string): Map<string, string> {
  const tree = ts.createSourceFile(
    path,
    readFileSync(join(root, path), 'utf8'),
    ts.ScriptTarget.ESNext,
    true,
  );
  const comments = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if ((ts.isPropertySignature(node) || ts.isPropertyAssignment(node)) && ts.isIdentifier(node.name)) {
      const [doc] = ts.getJSDocCommentsAndTags(node);
      const text = ts.getTextOfJSDocComment(doc?.comment)?.replace(/\s+/g, ' ').replace(/\.$/, '');
      if (text !== undefined) comments.set(node.name.text, text);
    }
    node.forEachChild(visit);
  };
  visit(tree);
  return comments;
}

/** The reference page, Markdown. */
export function configurationPage({ apps, settings }: Configuration): string {
  const sections = [...apps].map(([app, fields]) => [
    `## ${app}`,
    '',
    ...table(['flag', 'environment', 'default', 'meaning'], fields.map(fieldRow)),
    '',
  ]);
  return `${[
    ...INTRODUCTION,
    ...sections.flat(),
    ...SETTINGS_INTRODUCTION,
    ...table(
      ['field', 'default', 'least', 'most', 'meaning'],
      settings.map(({ path, ...row }) =>
        [`\`${path}\``, row.default, row.min, row.max, row.description].map(String),
      ),
    ),
  ].join('\n')}\n`;
}

function fieldRow(field: Field): string[] {
  const notes = [
    ...(field.kind === 'choice' ? [`one of ${field.choices.join(', ')}`] : []),
    ...(field.kind === 'list' ? ['repeatable'] : []),
    ...(field.secret ? ['never printed'] : []),
  ];
  const meaning = [field.description, ...notes].join('; ');
  return [`\`${field.flag}\``, `\`${field.env}\``, defaultOf(field), meaning];
}

function defaultOf(field: Field): string {
  if (field.required) return 'required';
  if (field.default === undefined) return 'none';
  if (field.kind === 'list')
    return field.default === '[]' ? 'none' : (JSON.parse(field.default) as string[]).join(', ');
  return field.default;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

const INTRODUCTION = [
  '# Configuration reference',
  '',
  'Generated by `node tools/generate.mjs` from the schemas that validate it; do not edit.',
  '',
  'Every field is a flag and an environment variable; a flag wins. A list repeats its flag, or is separated',
  'by commas in the environment. All faults are reported together, and the process ends with code 78.',
  '`--help` prints the same.',
  '',
  'Nothing authenticates yet: `--listen` beyond loopback is warned about in the log.',
  '',
];

const EXAMPLE = '{"rawRetentionMs": 3600000, "limits": {"metricsPerReportMax": 5000}}';

const SETTINGS_INTRODUCTION = [
  '## Settings that change at run time',
  '',
  'One document, family `brokers`, key `settings`, written through config-sync and obeyed without a restart,',
  'within a second. An absent field means its default; an unknown field is refused. A put replaces the whole',
  'document.',
  '',
  '```sh',
  'curl -X PUT http://127.0.0.1:7201/api/v1/config/brokers/settings \\',
  `  -H 'content-type: application/json' -d '${EXAMPLE}'`,
  '```',
  '',
  'A request body is never larger than 8 MiB and a gRPC message never larger than 4 MiB, whatever the limits',
  'say.',
  '',
];
