import type { ConfChangeSingle, ConfChangeType } from '@ringwatch/raft';

const TYPES: Readonly<Record<string, ConfChangeType>> = {
  v: 'ConfChangeAddNode',
  l: 'ConfChangeAddLearnerNode',
  r: 'ConfChangeRemoveNode',
  u: 'ConfChangeUpdateNode',
};

/** Changes written as `v1 l2 r3 u4`. */
export function parseChanges(text: string): ConfChangeSingle[] {
  const tokens = text.split(/\s+/).filter((token) => token !== '');
  return tokens.map((token) => {
    const type = TYPES[token[0] ?? ''];
    const nodeId = Number(token.slice(1));
    if (type === undefined || token.length < 2 || !Number.isSafeInteger(nodeId)) {
      throw new Error(`unknown input: ${token}`);
    }
    return { type, nodeId };
  });
}
