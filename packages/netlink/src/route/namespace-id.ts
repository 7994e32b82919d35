import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message } from '../message.ts';
import { routeMessage } from './message-types.ts';

/** NETNSA_* (include/uapi/linux/net_namespace.h). */
const attribute = { id: 1, descriptor: 3 } as const;

/** Request for the id under which a namespace knows the one behind `descriptor`. */
export function getNamespaceIdMessage(descriptor: number): Uint8Array {
  return encodeMessage(routeMessage.getNamespaceId, 0, (writer) => {
    writer.header.zeros(4);
    writer.u32(attribute.descriptor, descriptor);
  });
}

/** Read an RTM_NEWNSID message: `undefined` when the one namespace has no id for the other. */
export function decodeNamespaceId(message: Message): number | undefined {
  const id = new Attributes(message.body.subarray(4)).i32(attribute.id);
  return id === undefined || id < 0 ? undefined : id;
}
