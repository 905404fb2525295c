import { vitestConfig } from '../../vitest.shared.ts';

export default vitestConfig({ fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 });
