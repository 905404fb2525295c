/** What a process test and its members say to each other. */
import type { FaultCode } from '@ringwatch/kernel';
import type { KeyValueCommand } from '@ringwatch/testing';

export type MemberRequest = { readonly id: number } & MemberCall;

export type MemberCall =
  | { readonly kind: 'join'; readonly peers: readonly (readonly [number, string])[] }
  | { readonly kind: 'write'; readonly command: KeyValueCommand }
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'state' }
  /** Keeps the main thread busy. */
  | { readonly kind: 'block'; readonly ms: number };

export type MemberAnswer =
  | { readonly kind: 'listening'; readonly address: string }
  | { readonly kind: 'role'; readonly lead: number; readonly term: number; readonly isLeader: boolean }
  | { readonly kind: 'done'; readonly id: number; readonly value: string | null }
  | { readonly kind: 'failed'; readonly id: number; readonly code: FaultCode; readonly message: string };
