/**
 * A server's frame in the browser. It checks what the page would trip over (version, kind, the shape of
 * lists) and no more: the page trusts its own gateway to send what {@link ServerFrame} says.
 */
import { Fault } from '@ringwatch/kernel';
import type { ServerFrame } from './frame.ts';
import { LIVE_VERSION } from './limits.ts';

type Kind = ServerFrame['type'];

/** The fields of each kind that must be lists. */
const LISTS: Readonly<Record<Kind, readonly string[]>> = {
  welcome: [],
  snapshot: ['schemas', 'hosts', 'reports'],
  update: ['reports'],
  settings: [],
  status: [],
  pong: [],
  error: [],
  closing: [],
};

/** @throws {Fault} `data_loss` with reason `frame_malformed`, `frame_version` or `frame_unknown_type`. */
export function parseServerFrame(text: string): ServerFrame {
  let frame: Record<string, unknown>;
  try {
    frame = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw refuse('frame_malformed', 'a frame that is not JSON');
  }
  if (typeof frame !== 'object' || frame === null) throw refuse('frame_malformed', 'no object');
  if (frame['v'] !== LIVE_VERSION) throw refuse('frame_version', `a frame of version ${String(frame['v'])}`);
  const kind = frame['type'];
  if (typeof kind !== 'string' || !Object.hasOwn(LISTS, kind)) {
    throw refuse('frame_unknown_type', `a frame of type ${String(kind)}`);
  }
  for (const field of LISTS[kind as Kind]) {
    if (!Array.isArray(frame[field])) throw refuse('frame_malformed', `${kind}.${field} is not a list`);
  }
  return frame as unknown as ServerFrame;
}

function refuse(reason: string, detail: string): Fault {
  return new Fault('data_loss', detail, { reason });
}
