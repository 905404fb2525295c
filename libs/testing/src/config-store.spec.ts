import { MemoryCopy } from '@ringwatch/config-store';
import { fastCopyContract } from './config-store-copy-contract.ts';

fastCopyContract('the copy in memory', async () => new MemoryCopy());
