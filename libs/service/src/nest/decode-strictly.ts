/**
 * Undecodable requests are the caller's fault. grpc-js answers INTERNAL whenever a deserialiser throws, and
 * the wire reader silently replaces broken UTF-8; both would hide whose mistake it was.
 *
 * 1. The wrapped deserialisers never throw: they return an {@link Undecodable} in place of the message.
 * 2. The interceptor ends such a call with INVALID_ARGUMENT before its handler sees anything of it.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ServerInterceptingCall, type MethodDefinition, type ServerInterceptor } from '@grpc/grpc-js';
import { Fault } from '@ringwatch/kernel';
import { faultToGrpc } from '../fault-mapping.ts';

/** Services by full name, methods by RPC name: what `@grpc/proto-loader` would produce. */
export type PackageDefinition = Readonly<
  Record<string, Readonly<Record<string, MethodDefinition<unknown, unknown>>>>
>;

/** Stands in for a request message that could not be decoded. */
export class Undecodable {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `definition` with deserialisers that report instead of throwing. For code that ts-proto generated. */
export function decodeStrictly(definition: PackageDefinition): PackageDefinition {
  return mapValues(definition, (service) => mapValues(service, strictMethod));
}

function strictMethod(method: MethodDefinition<unknown, unknown>): MethodDefinition<unknown, unknown> {
  // Generated decoders take a reader in place of bytes; that is the only way to give them a strict text
  // decoder.
  const decode = method.requestDeserialize as unknown as (reader: BinaryReader) => unknown;
  return {
    ...method,
    requestDeserialize: (bytes) => {
      try {
        return decode(new BinaryReader(bytes, (text) => utf8.decode(text)));
      } catch (error) {
        return new Undecodable(error);
      }
    },
  };
}

/** Ends calls that carry an {@link Undecodable}. */
export const refuseUndecodable: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMessage: (message: unknown, forward) => {
          if (!(message instanceof Undecodable)) return forward(message);
          const detail =
            message.cause instanceof Error ? message.cause.message : 'not a message of this method';
          call.sendStatus(
            faultToGrpc(new Fault('invalid_argument', detail, { reason: 'undecodable_message' })),
          );
        },
      }),
  });

function mapValues<V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
