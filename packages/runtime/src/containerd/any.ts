import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';

/** Type URLs under which containerd expects JSON instead of protobuf (containerd/pkg/oci, typeurl registrations). */
const jsonTypePrefix = 'types.containerd.io/opencontainers/runtime-spec/1/';

/** An OCI runtime-spec value as containerd wants it: JSON bytes under the name of the Go type. */
export function jsonAny(type: 'Spec' | 'Process' | 'LinuxResources', value: object): Any {
  const json = JSON.stringify(value).replace(/"(hard|soft)":-1\b/g, `"$1":${unlimited}`);
  return create(AnySchema, { typeUrl: jsonTypePrefix + type, value: Buffer.from(json) });
}

/**
 * RLIM_INFINITY. Go reads limits as uint64, and JavaScript has no such number: it is put into the text. Text inside
 * strings cannot match, for its quotes are escaped.
 */
const unlimited = '18446744073709551615';

/** A protobuf message in an Any. containerd's own type URLs are bare names without a host before them. */
export function messageAny<Type extends DescMessage>(type: Type, init: MessageInitShape<Type>): Any {
  return create(AnySchema, { typeUrl: type.typeName, value: toBinary(type, create(type, init)) });
}

/** The message name in a type URL, with or without a host. */
export function typeNameOf(any: Any): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
}
