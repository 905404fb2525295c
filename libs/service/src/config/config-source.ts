/**
 * Flags and environment → raw values by field name. A flag beats the environment; everything that is wrong is
 * collected, never thrown, so that the user sees all of it at once.
 */
import type { ConfigField } from './config-field.ts';

/** What the command line and the environment said, before validation. */
export interface RawConfig {
  readonly values: Readonly<Record<string, unknown>>;
  /** One sentence per unknown flag, missing value or stray argument. */
  readonly faults: readonly string[];
  /** True when `--help` or `-h` was given. */
  readonly help: boolean;
}

const NUMBER = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * Reads `argv` (without node and script) and `env` for `fields`. Environment variables of other programs are
 * ignored.
 */
export function readSources(
  fields: readonly ConfigField[],
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): RawConfig {
  const flags = readFlags(fields, argv);
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const texts = flags.texts.get(field.name) ?? textsOfEnv(field, env[field.env]);
    if (texts !== undefined) values[field.name] = valueOf(field, texts);
  }
  return { values, faults: flags.faults, help: flags.help };
}

interface Flags {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly faults: readonly string[];
  readonly help: boolean;
}

function readFlags(fields: readonly ConfigField[], argv: readonly string[]): Flags {
  const byFlag = new Map(fields.map((field) => [field.flag, field]));
  const texts = new Map<string, string[]>();
  const faults: string[] = [];
  let help = false;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string;
    if (argument === '--help' || argument === '-h') {
      help = true;
      continue;
    }
    const cut = argument.indexOf('=');
    const flag = argument.startsWith('--') && cut > 0 ? argument.slice(0, cut) : argument;
    const negated = flag.startsWith('--no-') ? byFlag.get(`--${flag.slice('--no-'.length)}`) : undefined;
    const field = byFlag.get(flag) ?? (negated?.kind === 'boolean' ? negated : undefined);
    if (field === undefined) {
      faults.push(flag.startsWith('-') ? `unknown flag ${flag}` : `unexpected argument "${flag}"`);
      continue;
    }
    let text = cut > 0 && flag !== argument ? argument.slice(cut + 1) : undefined;
    if (text === undefined && field.kind === 'boolean') text = String(field !== negated);
    if (text === undefined && argv[at + 1]?.startsWith('--') === false) text = argv[++at];
    if (text === undefined) faults.push(`${flag} needs a value`);
    else if (field.kind !== 'list' && texts.has(field.name)) faults.push(`${flag} was given twice`);
    else texts.set(field.name, [...(texts.get(field.name) ?? []), text]);
  }
  return { texts, faults, help };
}

/** An empty variable counts as unset: that is how compose files and unit files switch one off. */
function textsOfEnv(field: ConfigField, text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text === '') return undefined;
  return field.kind === 'list' ? text.split(',').map((part) => part.trim()) : [text];
}

/** Text that does not look like the field's kind stays text, so that validation names the fault. */
function valueOf(field: ConfigField, texts: readonly string[]): unknown {
  const text = texts[0] as string;
  switch (field.kind) {
    case 'number':
      return NUMBER.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
    case 'list':
      return texts;
    case 'choice':
    case 'text':
      return text;
  }
}
