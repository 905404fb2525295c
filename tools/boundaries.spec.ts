import { describe, expect, test } from 'vitest';
import { LAYERS, MAY_IMPORT, violationsOf, type Layer } from './boundaries.ts';

/** A graph of two projects in which `from` imports `to`. */
function graphOf(from: Layer, to: Layer) {
  const node = (name: string, layer: Layer) => ({
    name,
    type: 'lib' as const,
    data: { root: name, tags: [`layer:${layer}`] },
  });
  return {
    nodes: { a: node('a', from), b: node('b', to) },
    dependencies: { a: [{ source: 'a', target: 'b', type: 'static' }], b: [] },
  };
}

describe('boundaries', () => {
  const pairs = LAYERS.flatMap((from) =>
    LAYERS.map((to) => ({ from, to, allowed: MAY_IMPORT[from].includes(to) })),
  );

  test.each(pairs.filter(({ allowed }) => !allowed))('$from must not import $to', ({ from, to }) => {
    expect(violationsOf(graphOf(from, to))).toEqual([
      { from: 'a', to: 'b', message: `${from} must not import ${to}` },
    ]);
  });

  test.each(pairs.filter(({ allowed }) => allowed))('$from may import $to', ({ from, to }) => {
    expect(violationsOf(graphOf(from, to))).toEqual([]);
  });

  test('nobody may import an app', () => {
    expect(LAYERS.filter((layer) => MAY_IMPORT[layer].includes('app'))).toEqual([]);
  });

  test('two projects must not import each other', () => {
    const graph = graphOf('core', 'core');
    const cyclic = {
      ...graph,
      dependencies: { ...graph.dependencies, b: [{ source: 'b', target: 'a', type: 'static' }] },
    };
    expect(violationsOf(cyclic)).toContainEqual({ from: 'a', to: 'b', message: 'import each other' });
  });

  test('a project without a layer is a violation', () => {
    const graph = graphOf('core', 'core');
    graph.nodes.b.data.tags = [];
    expect(violationsOf(graph)).toEqual([{ from: 'b', to: '', message: 'has no layer: tag' }]);
  });
});
