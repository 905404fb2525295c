import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { commonFields, durationMsField, urlField } from './common-fields.ts';
import { describeConfig } from './config-field.ts';
import { parseConfig, redactConfig } from './load-config.ts';

const schema = z.object({
  ...commonFields({ httpPort: 7101 }),
  redisUrl: urlField(['redis', 'rediss'], 'Redis'),
  dataDir: z.string().describe('Where data lives'),
  label: z.array(z.string().regex(/^\w+=/, 'expected key=value')).default([]).describe('Labels'),
  demo: z.boolean().default(false).describe('Demo hosts'),
  apiToken: z.string().optional().meta({ description: 'Token', secret: true }),
  drainMs: durationMsField(500, 'Drain'),
});

const parse = (argv: readonly string[], env: Record<string, string> = {}) =>
  parseConfig({ name: 'broker', schema, argv, env });

function configOf(argv: readonly string[], env: Record<string, string> = {}) {
  const outcome = parse(argv, env);
  if (outcome.kind !== 'config') throw new Error(outcome.text);
  return outcome.config;
}

function refusalOf(argv: readonly string[], env: Record<string, string> = {}) {
  const outcome = parse(argv, env);
  if (outcome.kind !== 'exit') throw new Error('accepted');
  return outcome;
}

describe('sources', () => {
  test('a flag beats the environment, which beats the default', () => {
    const env = { RINGWATCH_HTTP_PORT: '8001', RINGWATCH_DATA_DIR: '/d' };
    expect(configOf(['--http-port', '9001'], env).httpPort).toBe(9001);
    expect(configOf([], env).httpPort).toBe(8001);
    expect(configOf(['--data-dir=/d'])).toMatchObject({ httpPort: 7101, listen: '127.0.0.1', drainMs: 500 });
  });

  test('an empty variable counts as unset', () => {
    expect(configOf(['--data-dir', '/d'], { RINGWATCH_HTTP_PORT: '' }).httpPort).toBe(7101);
  });

  test('a list comes from a repeated flag or a comma-separated variable', () => {
    expect(configOf(['--data-dir', '/d', '--label', 'a=1', '--label', 'b=2']).label).toEqual(['a=1', 'b=2']);
    expect(configOf(['--data-dir', '/d'], { RINGWATCH_LABEL: 'a=1, b=2' }).label).toEqual(['a=1', 'b=2']);
  });

  test.each([
    { argv: ['--demo'], demo: true },
    { argv: ['--no-demo'], demo: false },
    { argv: ['--demo=false'], demo: false },
  ])('boolean $argv gives $demo', ({ argv, demo }) => {
    expect(configOf(['--data-dir', '/d', ...argv]).demo).toBe(demo);
  });

  test('a negative number is a value, not a flag', () => {
    expect(refusalOf(['--data-dir', '/d', '--drain-ms', '-5']).text).toContain(
      '--drain-ms (RINGWATCH_DRAIN_MS)',
    );
  });
});

describe('faults', () => {
  test('all of them are reported together, with flag and variable, and the code is 78', () => {
    const argv = [
      '--http-port',
      'abc',
      '--redis-url',
      'http://x',
      '--bogus',
      '--label',
      'nope',
      'stray',
      '--log-level',
    ];
    const { code, text } = refusalOf(argv);
    expect(code).toBe(78);
    expect(text.split('\n').filter((line) => line.startsWith('✖'))).toEqual([
      '✖ unknown flag --bogus',
      '✖ unexpected argument "stray"',
      '✖ --log-level needs a value',
      '✖ --http-port (RINGWATCH_HTTP_PORT): Invalid input: expected number, received string, got "abc"',
      '✖ --redis-url (RINGWATCH_REDIS_URL): expected an URL with redis:// or rediss://, got "http://x"',
      '✖ --data-dir (RINGWATCH_DATA_DIR) is required: Where data lives',
      '✖ --label (RINGWATCH_LABEL): expected key=value, got ["nope"]',
    ]);
  });

  test('a flag given twice is refused rather than guessed', () => {
    expect(refusalOf(['--data-dir', 'a', '--data-dir', 'b']).text).toContain('--data-dir was given twice');
  });

  test('neither a secret nor the password of an URL appears in a fault', () => {
    const { text } = refusalOf(['--api-token', 'hunter2', '--redis-url', 'http://u:hunter2@x']);
    expect(text).not.toContain('hunter2');
  });
});

test('--help names every flag, variable and default, and exits 0', () => {
  const { code, text } = refusalOf(['--help']);
  expect(code).toBe(0);
  for (const field of describeConfig(schema)) expect(text).toContain(field.flag);
  expect(text).toContain('RINGWATCH_HTTP_PORT');
  expect(text).toContain('default 7101');
});

test('the description of a schema carries what a reference needs', () => {
  expect(describeConfig(schema).find((field) => field.name === 'logLevel')).toEqual({
    name: 'logLevel',
    flag: '--log-level',
    env: 'RINGWATCH_LOG_LEVEL',
    kind: 'choice',
    description: 'Least severe level that is logged',
    choices: ['silent', 'error', 'warn', 'info', 'debug'],
    default: 'info',
    required: false,
    secret: false,
  });
});

test('the printed configuration hides secrets and credentials in URLs', () => {
  const config = configOf([
    '--data-dir',
    '/d',
    '--api-token',
    'hunter2',
    '--redis-url',
    'redis://u:hunter2@h:1/0',
  ]);
  const printed = redactConfig(schema, config);
  expect(printed).toMatchObject({
    apiToken: '[redacted]',
    redisUrl: 'redis://[redacted]@h:1/0',
    dataDir: '/d',
  });
  expect(JSON.stringify(printed)).not.toContain('hunter2');
});
