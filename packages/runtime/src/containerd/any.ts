import type { Any } from '../gen/google/protobuf/any.ts';
import type { DeepPartial, MessageType } from '../grpc/method.ts';

/** Type URLs under which containerd expects JSON instead of protobuf (containerd/pkg/oci, typeurl registrations). */
const jsonTypePrefix = 'types.containerd.io/opencontainers/runtime-spec/1/';

/** An OCI runtime-spec value as containerd wants it: JSON bytes under the name of the Go type. */
export function jsonAny(type: 'Spec' | 'Process' | 'LinuxResources', value: object): Any {
  const json = JSON.stringify(value).replace(negativeUnsigned, (_, name, number) => `"${name}":${asUint64(number)}`);
  return { typeUrl: jsonTypePrefix + type, value: Buffer.from(json) };
}

/**
 * Go reads these as uint64, and JavaScript has no such numbers: what dockerd makes of negative ones, of -1 RLIM_INFINITY,
 * is put into the text. Text inside strings cannot match, for its quotes are escaped.
 */
const negativeUnsigned = /"(hard|soft|realtimePeriod)":(-\d+)\b/g;

function asUint64(number: string): bigint {
  return BigInt.asUintN(64, BigInt(number));
}

/** A protobuf message in an Any. containerd's own type URLs are bare names without a host before them. */
export function messageAny<Message>(type: MessageType<Message>, message: DeepPartial<Message>): Any {
  return { typeUrl: type.$type, value: type.encode(type.fromPartial(message)).finish() };
}

/** The message name in a type URL, with or without a host. */
export function typeNameOf(any: Any): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
}
