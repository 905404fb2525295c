/**
 * Who may import whom: the layers of the design, checked over the Nx graph, so that an import in source
 * counts as much as a line in package.json.
 */
import { createProjectGraphAsync, type ProjectGraph } from 'nx/src/devkit-exports.js';

export const LAYERS = ['core', 'contract', 'adapter', 'edge', 'test', 'app', 'system-test', 'tool'] as const;
export type Layer = (typeof LAYERS)[number];

/** Arrows point inward only; nobody imports an app. */
export const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  core: ['core'],
  contract: [],
  // Benches and build configuration use tools; what is shipped cannot, see tools/tidy/own-folder.ts.
  adapter: ['core', 'contract', 'adapter', 'tool'],
  edge: ['core'],
  test: ['core', 'contract', 'adapter', 'edge', 'test', 'tool'],
  app: ['core', 'contract', 'adapter', 'edge', 'tool'],
  'system-test': ['core', 'contract', 'adapter', 'edge', 'test', 'tool'],
  tool: [],
};

/** One import that points the wrong way, or a project without a layer. */
export interface Violation {
  readonly from: string;
  readonly to: string;
  readonly message: string;
}

/** Everything in `graph` that breaks {@link MAY_IMPORT}, and every cycle between two projects. */
export function violationsOf(graph: Pick<ProjectGraph, 'nodes' | 'dependencies'>): Violation[] {
  const violations: Violation[] = [];
  const layers = new Map<string, Layer>();
  for (const [name, node] of Object.entries(graph.nodes)) {
    const layer = layerOf(node.data.tags ?? []);
    if (layer !== undefined) layers.set(name, layer);
    else violations.push({ from: name, to: '', message: 'has no layer: tag' });
  }
  for (const [from, dependencies] of Object.entries(graph.dependencies)) {
    for (const { target: to } of dependencies) {
      const [fromLayer, toLayer] = [layers.get(from), layers.get(to)];
      if (fromLayer === undefined || toLayer === undefined || from === to) continue;
      if (!MAY_IMPORT[fromLayer].includes(toLayer)) {
        violations.push({ from, to, message: `${fromLayer} must not import ${toLayer}` });
      }
      if (graph.dependencies[to]?.some(({ target }) => target === from) && from < to) {
        violations.push({ from, to, message: 'import each other' });
      }
    }
  }
  return violations;
}

function layerOf(tags: readonly string[]): Layer | undefined {
  const tag = tags.find((candidate) => candidate.startsWith('layer:'))?.slice('layer:'.length);
  return LAYERS.find((layer) => layer === tag);
}

if (import.meta.main) {
  const violations = violationsOf(await createProjectGraphAsync({ exitOnError: true }));
  for (const { from, to, message } of violations) console.error(`boundaries: ${from} → ${to}: ${message}`);
  console.log(`boundaries: ${violations.length} violations`);
  process.exit(violations.length === 0 ? 0 : 1);
}
