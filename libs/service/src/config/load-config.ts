/**
 * The configuration of a process: validated once at start, then immutable.
 *
 * 1. Every fault is reported in one go, each with its flag and variable, and the process exits 78
 *    (EX_CONFIG).
 * 2. Secrets and the user part of URLs never reach a log: {@link redactConfig}.
 */
import { z } from 'zod';
import { describeConfig, type ConfigField, type ConfigSchema } from './config-field.ts';
import { readSources } from './config-source.ts';

/** `sysexits.h` EX_CONFIG. */
export const EXIT_CONFIG = 78;

const REDACTED = '[redacted]';

export interface LoadConfigOptions<S extends ConfigSchema> {
  /** Program name for the help text. */
  readonly name: string;
  readonly schema: S;
  /** Default: `process.argv` without node and script. */
  readonly argv?: readonly string[];
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Either a valid configuration, or a text to print and the code to exit with. */
export type ConfigOutcome<C> =
  | { readonly kind: 'config'; readonly config: Readonly<C> }
  | { readonly kind: 'exit'; readonly code: number; readonly text: string };

/** Reads and validates without touching the process. */
export function parseConfig<S extends ConfigSchema>(
  options: LoadConfigOptions<S>,
): ConfigOutcome<z.output<S>> {
  const fields = describeConfig(options.schema);
  const raw = readSources(fields, options.argv ?? process.argv.slice(2), options.env ?? process.env);
  if (raw.help) return { kind: 'exit', code: 0, text: helpText(options.name, fields) };
  const parsed = options.schema.safeParse(raw.values);
  const faults = [
    ...raw.faults,
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => faultText(issue, fields, raw.values))),
  ];
  if (parsed.success && faults.length === 0) return { kind: 'config', config: Object.freeze(parsed.data) };
  const lines = faults.map((fault) => `✖ ${fault}`);
  return {
    kind: 'exit',
    code: EXIT_CONFIG,
    text: [`${options.name}: invalid configuration`, ...lines, 'Try --help.'].join('\n'),
  };
}

/** {@link parseConfig} for a main program: prints and exits where there is no configuration to return. */
export function loadConfig<S extends ConfigSchema>(options: LoadConfigOptions<S>): Readonly<z.output<S>> {
  const outcome = parseConfig(options);
  if (outcome.kind === 'config') return outcome.config;
  (outcome.code === 0 ? process.stdout : process.stderr).write(`${outcome.text}\n`);
  process.exit(outcome.code);
}

/** `config` as it may be logged: secret fields hidden, credentials cut out of URLs. */
export function redactConfig<S extends ConfigSchema>(
  schema: S,
  config: Readonly<z.output<S>>,
): Record<string, unknown> {
  const secrets = new Set(
    describeConfig(schema)
      .filter((field) => field.secret)
      .map((field) => field.name),
  );
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      secrets.has(name) && value !== undefined ? REDACTED : redactUrls(value),
    ]),
  );
}

function redactUrls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactUrls);
  return typeof value === 'string'
    ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${REDACTED}@`)
    : value;
}

function faultText(
  issue: z.core.$ZodIssue,
  fields: readonly ConfigField[],
  values: Readonly<Record<string, unknown>>,
): string {
  const field = fields.find((each) => each.name === issue.path[0]);
  if (field === undefined) return issue.message;
  const given = values[field.name];
  if (given === undefined && field.required)
    return `${field.flag} (${field.env}) is required: ${field.description}`;
  const shown = field.secret || given === undefined ? '' : `, got ${JSON.stringify(redactUrls(given))}`;
  return `${field.flag} (${field.env}): ${issue.message}${shown}`;
}

function helpText(name: string, fields: readonly ConfigField[]): string {
  const rows = fields.map((field) => {
    const value =
      field.kind === 'boolean' ? '' : ` <${field.kind === 'choice' ? field.choices.join('|') : field.kind}>`;
    const notes = [
      field.required
        ? 'required'
        : field.default === undefined
          ? 'no default'
          : `default ${field.secret ? REDACTED : field.default}`,
      ...(field.kind === 'list' ? ['repeatable'] : []),
      field.env,
    ];
    return `  ${field.flag}${value}\n      ${field.description} (${notes.join('; ')})`;
  });
  return [
    `usage: ${name} [--flag value ...]`,
    '',
    'Every flag may also be given by the environment; a flag wins.',
    '',
    ...rows,
  ].join('\n');
}
