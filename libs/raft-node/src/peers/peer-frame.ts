/**
 * What a connection between two processes carries: frames. Drawn in docs/formats/peer-frames.md.
 *
 *     frame    u32 bytes of the body | u8 version = 1 | u8 kind | body
 *     hello    u8 lane | varint from | varint to | varint bytes | cluster id, UTF-8
 *     answer   u8 index in ANSWERS
 *     outcome  u8 1 when the snapshot was taken
 *
 * The other bodies: messages are those of message-codec.ts up to the end, of which a snapshot's first frame
 * has one; a chunk is bytes of its state; end and abort are empty.
 *
 * 1. A frame of another version is refused before its body is looked at; the first one is always a hello.
 * 2. A length above the reader's limit is refused before memory is claimed for it: {@link FRAME_BYTES_MAX}
 *    from a peer that has introduced itself, a few hundred bytes from anybody else.
 */
import { Fault } from '@ringwatch/kernel';
import type { NodeId } from '@ringwatch/raft';
import { ByteReader, malformed } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';

export const FRAME_VERSION = 1;
export const FRAME_HEADER_BYTES = 6;
/** The largest body; a message that does not fit is not sent. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;
const CLUSTER_ID_BYTES_MAX = 255;
/** The largest body of a hello, and of everything that answers. */
export const HELLO_BYTES_MAX = 512;

export const FRAME_KINDS = {
  hello: 1,
  answer: 2,
  messages: 3,
  snapshot: 4,
  chunk: 5,
  end: 6,
  abort: 7,
  outcome: 8,
} as const;
export type FrameKind = keyof typeof FRAME_KINDS;

/** What a connection is for; each has its own, so that none waits behind another. */
export const LANES = ['control', 'append', 'snapshot'] as const;
export type Lane = (typeof LANES)[number];

/** What a process answers to a hello. */
export const ANSWERS = ['welcome', 'other-version', 'other-cluster', 'other-node', 'unknown-peer'] as const;
export type Answer = (typeof ANSWERS)[number];

/** How a connection introduces itself. */
export interface Hello {
  readonly lane: Lane;
  readonly clusterId: string;
  readonly from: NodeId;
  /** Whom it believes to have reached. */
  readonly to: NodeId;
}

/** Takes the frames of a connection; each body shares memory with what was received. */
export type FrameHandler = (kind: FrameKind, body: Buffer) => void;

/** Begins a frame; what is written until {@link endFrame} is its body. @returns its place. */
export function beginFrame(writer: ByteWriter, kind: FrameKind): number {
  const at = writer.length;
  writer.u32(0);
  writer.u8(FRAME_VERSION);
  writer.u8(FRAME_KINDS[kind]);
  return at;
}

export function endFrame(writer: ByteWriter, at: number): void {
  writer.u32At(at, writer.length - at - FRAME_HEADER_BYTES);
}

/** Bytes of the body so far of the frame that begins at `at`. */
export function bodyBytes(writer: ByteWriter, at: number): number {
  return writer.length - at - FRAME_HEADER_BYTES;
}

export function writeHello(writer: ByteWriter, { lane, clusterId, from, to }: Hello): void {
  const at = beginFrame(writer, 'hello');
  const id = Buffer.from(clusterId);
  writer.u8(LANES.indexOf(lane));
  writer.varint(from);
  writer.varint(to);
  writer.varint(id.length);
  writer.data(id);
  endFrame(writer, at);
}

/** @throws {Fault} `invalid_argument` for a cluster id that no hello can carry. */
export function checkClusterId(clusterId: string): void {
  const bytes = Buffer.byteLength(clusterId);
  if (bytes > 0 && bytes <= CLUSTER_ID_BYTES_MAX) return;
  throw new Fault('invalid_argument', `a cluster id of ${bytes} bytes; 1 to ${CLUSTER_ID_BYTES_MAX} will do`);
}

/** @throws {Fault} `data_loss`, reason `peer_frame_malformed`. */
export function readHello(body: Buffer): Hello {
  const reader = new ByteReader(body);
  const lane = LANES[reader.u8()];
  const [from, to] = [reader.varint(), reader.varint()];
  const clusterId = reader.data(reader.varint()).toString();
  if (lane === undefined || reader.left > 0) throw malformed('a hello that is none');
  return { lane, clusterId, from, to };
}

/** @throws {Fault} `data_loss`, reason `peer_frame_malformed`. */
export function readAnswer(body: Buffer): Answer {
  const answer = ANSWERS[body[0] ?? ANSWERS.length];
  if (answer === undefined || body.length !== 1) throw malformed('an answer that is none');
  return answer;
}

/** Frames out of the pieces in which a connection delivers them. */
export class FrameReader {
  /** The largest body that is taken. */
  bytesMax: number;
  readonly #onFrame: FrameHandler;
  /** Pieces of a frame that is not whole yet. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Bytes that the pieces must come to before there is anything to look at. */
  #wantedBytes = FRAME_HEADER_BYTES;

  constructor(onFrame: FrameHandler, bytesMax: number) {
    this.#onFrame = onFrame;
    this.bytesMax = bytesMax;
  }

  /**
   * Takes in what was received.
   * @throws {Fault} `data_loss`, reason `peer_frame_malformed`, or `unimplemented` for another version;
   *   nothing more may be pushed then. What `onFrame` throws comes through.
   */
  push(received: Buffer): void {
    let bytes = received;
    if (this.#pieceBytes > 0) {
      this.#pieces.push(received);
      this.#pieceBytes += received.length;
      if (this.#pieceBytes < this.#wantedBytes) return;
      bytes = Buffer.concat(this.#pieces, this.#pieceBytes);
      this.#pieces = [];
      this.#pieceBytes = 0;
    }
    let at = 0;
    for (;;) {
      const sizeBytes = this.#frameBytesAt(bytes, at);
      if (at + sizeBytes > bytes.length) {
        this.#keep(bytes.subarray(at), sizeBytes);
        return;
      }
      const kind = kindOf(bytes[at + 5] as number);
      const bodyAt = at + FRAME_HEADER_BYTES;
      at += sizeBytes;
      this.#onFrame(kind, bytes.subarray(bodyAt, at));
    }
  }

  /** Bytes of the frame at `at` with its header; those of a header while that is not whole. */
  #frameBytesAt(bytes: Buffer, at: number): number {
    if (bytes.length - at < FRAME_HEADER_BYTES) return FRAME_HEADER_BYTES;
    const version = bytes[at + 4] as number;
    if (version !== FRAME_VERSION) {
      const message = `a peer speaks version ${version} of the protocol, this node ${FRAME_VERSION}`;
      throw new Fault('unimplemented', message, { reason: 'peer_version_unknown' });
    }
    const bodyBytes = bytes.readUInt32LE(at);
    if (bodyBytes > this.bytesMax) throw malformed(`${bodyBytes} bytes are too many`);
    return FRAME_HEADER_BYTES + bodyBytes;
  }

  #keep(rest: Buffer, wantedBytes: number): void {
    this.#wantedBytes = wantedBytes;
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#pieceBytes = rest.length;
  }
}

const KINDS: readonly (FrameKind | undefined)[] = kindsByCode();

function kindOf(code: number): FrameKind {
  const kind = KINDS[code];
  if (kind === undefined) throw malformed('a frame of no known kind');
  return kind;
}

function kindsByCode(): (FrameKind | undefined)[] {
  const kinds: (FrameKind | undefined)[] = [];
  for (const [kind, code] of Object.entries(FRAME_KINDS)) kinds[code] = kind as FrameKind;
  return kinds;
}
