import { ByteReader } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { encodeMessage, type Message, messageFlag } from '../message.ts';
import type { NamespaceName, QdiscObject } from '../object/kernel-object.ts';
import type { NameLookup, NumberLookup } from './lookup.ts';
import { replaceFlags, routeMessage } from './message-types.ts';

/** Attributes of a queueing discipline (TCA_*, include/uapi/linux/rtnetlink.h). */
export const qdiscAttribute = { kind: 1, options: 2 } as const;
/** Options of a token bucket (TCA_TBF_*, include/uapi/linux/pkt_sched.h). */
export const bucketAttribute = { parameters: 1, rate64: 4, burst: 6 } as const;
/** TC_H_ROOT. */
export const ROOT_HANDLE = 0xffff_ffff;
/** `1:`; what has another number is not ours. */
export const OWN_HANDLE = 0x0001_0000;
/** Bytes of tcmsg. */
export const qdiscHeaderLength = 20;
/** TC_LINKLAYER_ETHERNET: the kernel computes sending times itself and needs no table of them. */
const ETHERNET = 1;
/** Bytes: the largest segment that a container hands over at once is cut up when it is larger than the bucket. */
const SMALLEST_BUCKET = 32 * 1024;
/** The bucket holds what is sent in this part of a second. */
const BUCKETS_PER_SECOND = 250;
/** What waits longer than this part of a second is dropped. */
const QUEUES_PER_SECOND = 20;

/** Bytes that may be sent at once, and that may wait; for a rate in bytes a second. */
export function tokenBucket(rate: number): { readonly burst: number; readonly limit: number } {
  const burst = Math.max(SMALLEST_BUCKET, Math.ceil(rate / BUCKETS_PER_SECOND));
  return { burst, limit: Math.min(0xffff_ffff, burst + Math.ceil(rate / QUEUES_PER_SECOND)) };
}

/** Message that limits what a link sends, in the place of another limit. */
export function addQdiscMessage(object: QdiscObject, lookup: NumberLookup): Uint8Array {
  const { burst, limit } = tokenBucket(object.rate);
  return encodeQdisc(routeMessage.newQdisc, replaceFlags, lookup.linkIndex(object.namespace, object.link), (writer) => {
    writer.text(qdiscAttribute.kind, 'tbf');
    writer.nested(qdiscAttribute.options, (options) => {
      options.bytes(bucketAttribute.parameters, parameters(object.rate, limit));
      options.u32(bucketAttribute.burst, burst);
    });
  });
}

/** Message that takes the limit of a link away. */
export function removeQdiscMessage(object: QdiscObject, lookup: NumberLookup): Uint8Array {
  const index = lookup.linkIndex(object.namespace, object.link);
  return encodeQdisc(routeMessage.deleteQdisc, messageFlag.acknowledge, index, () => {});
}

/** Request for the queueing disciplines of all links of a namespace. */
export function dumpQdiscsMessage(): Uint8Array {
  return encodeMessage(routeMessage.getQdisc, messageFlag.dump, (writer) => writer.header.zeros(qdiscHeaderLength));
}

/** Read an RTM_NEWQDISC message; `undefined` for what is no token bucket of ours. */
export function decodeQdisc(message: Message, namespace: NamespaceName, names: NameLookup): QdiscObject | undefined {
  const header = new ByteReader(message.body).skip(4);
  const link = names.linkName(header.u32());
  const handle = header.u32();
  const parent = header.u32();
  const attributes = new Attributes(message.body.subarray(qdiscHeaderLength));
  if (link === undefined || handle !== OWN_HANDLE || parent !== ROOT_HANDLE) return undefined;
  if (attributes.text(qdiscAttribute.kind) !== 'tbf') return undefined;
  const bytes = attributes.nested(qdiscAttribute.options)?.bytes(bucketAttribute.parameters);
  return bytes && { kind: 'qdisc', namespace, link, rate: new ByteReader(bytes).skip(8).u32() };
}

type Writer = Parameters<Parameters<typeof encodeMessage>[2]>[0];

function encodeQdisc(type: number, flags: number, index: number, write: (writer: Writer) => void): Uint8Array {
  return encodeMessage(type, flags, (writer) => {
    writer.header.zeros(4).u32(index).u32(OWN_HANDLE).u32(ROOT_HANDLE).u32(0);
    write(writer);
  });
}

/** struct tc_tbf_qopt: the rate and its frame, no peak rate, the queue; the bucket has an attribute of its own. */
function parameters(rate: number, limit: number): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, ETHERNET);
  view.setUint32(8, rate, true);
  view.setUint32(24, limit, true);
  return bytes;
}
