import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { describeConfig, parseConfig } from '@ringwatch/service';
import { agentConfig, labelsOf } from './config.ts';

const parse = (argv: readonly string[]) => parseConfig({ name: 'agent', schema: agentConfig, argv, env: {} });

test('without a flag it reports this host to the broker on this machine', () => {
  expect(parse([])).toMatchObject({
    kind: 'config',
    config: { brokers: ['127.0.0.1:7102'], hostId: hostname(), intervalMs: 1_000, demo: 0 },
  });
});

test('the machine-dependent default does not leak into the reference', () => {
  expect(describeConfig(agentConfig).find((field) => field.name === 'hostId')?.default).toBe('the host name');
});

test('malformed brokers, labels, host ids and intervals are all named at once', () => {
  const argv = ['--brokers', 'nowhere', '--label', '=x', '--host-id', 'a\u0000b', '--interval-ms', '5'];
  const outcome = parse(argv);
  const text = outcome.kind === 'exit' ? outcome.text : '';
  for (const flag of ['--brokers', '--label', '--host-id', '--interval-ms'])
    expect(text).toContain(`✖ ${flag}`);
});

test('given labels win over what the machine says of itself, and values may hold an equals sign', () => {
  expect(labelsOf(['os=plan9', 'k=a=b'], { os: 'linux', arch: 'x64' })).toEqual({
    os: 'plan9',
    arch: 'x64',
    k: 'a=b',
  });
});
