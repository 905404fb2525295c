/**
 * What a configuration schema says about each of its fields, read from zod itself, so that flags,
 * environment, help and the generated reference can never disagree with what is validated.
 *
 * Field `httpPort` ↔ flag `--http-port` ↔ environment `RINGWATCH_HTTP_PORT`.
 */
import { z } from 'zod';

/** A configuration: a flat zod object; every field carries `.describe()`. */
export type ConfigSchema = z.ZodObject;

/**
 * How the text of a flag becomes a value: `list` fields take their flag repeatedly, or a comma-separated
 * environment.
 */
export type FieldKind = 'text' | 'number' | 'boolean' | 'choice' | 'list';

/** One field, in the words of the command line. */
export interface ConfigField {
  readonly name: string;
  readonly flag: string;
  readonly env: string;
  readonly kind: FieldKind;
  readonly description: string;
  /** The values of a `choice`, empty otherwise. */
  readonly choices: readonly string[];
  /** The default as text; undefined when there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
  /** Marked by `.meta({ secret: true })`: never printed. */
  readonly secret: boolean;
}

const ENV_PREFIX = 'RINGWATCH_';
const KEBAB = /[A-Z]/g;

/**
 * Every field of `schema` in its order. Pure; the configuration reference in `docs/` is generated from this.
 */
export function describeConfig(schema: ConfigSchema): readonly ConfigField[] {
  return Object.entries(schema.shape).map(([name, type]) => describeField(name, type as z.ZodType));
}

function describeField(name: string, type: z.ZodType): ConfigField {
  const layers = unwrap(type);
  const inner = layers.at(-1) as z.ZodType;
  const metas = layers.map((layer) => z.globalRegistry.get(layer)).filter((meta) => meta !== undefined);
  const absent = type.safeParse(undefined);
  const kebab = name.replace(KEBAB, (letter) => `-${letter.toLowerCase()}`);
  return {
    name,
    flag: `--${kebab}`,
    env: ENV_PREFIX + kebab.replaceAll('-', '_').toUpperCase(),
    kind: kindOf(inner),
    description: metas.find((meta) => meta.description !== undefined)?.description ?? '',
    choices: inner instanceof z.ZodEnum ? inner.options.map(String) : [],
    default:
      metas.map((meta) => meta['defaultText']).find((text) => typeof text === 'string') ??
      defaultText(absent.data),
    required: !absent.success,
    secret: metas.some((meta) => meta['secret'] === true),
  };
}

function defaultText(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `type` and what it wraps, outermost first; of a pipe, its input side, since that is what a user writes. */
function unwrap(type: z.ZodType): z.ZodType[] {
  const layers = [type];
  for (let layer = innerOf(type); layer !== undefined; layer = innerOf(layer)) layers.push(layer);
  return layers;
}

function innerOf(type: z.ZodType): z.ZodType | undefined {
  if (type instanceof z.ZodPipe) return type.in as z.ZodType;
  if (type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodPrefault) {
    return type.unwrap() as z.ZodType;
  }
  return undefined;
}

function kindOf(inner: z.ZodType): FieldKind {
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodArray) return 'list';
  return inner instanceof z.ZodEnum ? 'choice' : 'text';
}
