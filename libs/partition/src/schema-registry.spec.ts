import { schemaOf } from '@ringwatch/metrics';
import { describe, expect, test } from 'vitest';
import { SCHEMAS_BYTES_MAX, SchemaRegistry } from './schema-registry.ts';

describe('schema registry', () => {
  test('keeps a schema as long as anything refers to it', () => {
    const registry = new SchemaRegistry();
    const schema = registry.intern(schemaOf(['a', 'b']));
    registry.retain(schema);
    registry.retain(schema);
    registry.release(schema);
    expect(registry.get(schema.hash)).toBe(schema);
    registry.release(schema);
    expect(registry.get(schema.hash)).toBeUndefined();
    expect(registry.bytes).toBe(0);
  });

  test('sweeps what nobody ever referred to', () => {
    const registry = new SchemaRegistry();
    const [kept, stray] = [['a'], ['b']].map((keys) => registry.intern(schemaOf(keys)));
    registry.retain(kept!);
    registry.sweep();
    expect([...registry.values()]).toEqual([kept]);
    expect(registry.get(stray!.hash)).toBeUndefined();
  });

  test('has no room for another schema when their keys fill it, and always for those it has', () => {
    const registry = new SchemaRegistry();
    const large = registry.intern(schemaOf(['x'.repeat(SCHEMAS_BYTES_MAX)]));
    expect(registry.hasRoomFor(schemaOf(['y']))).toBe(false);
    expect(registry.hasRoomFor(large)).toBe(true);
  });
});
