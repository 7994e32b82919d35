import { ipFromBytes } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import { flowMessageType } from '../conntrack.ts';
import type { Message } from '../message.ts';
import { addressFamily } from '../route/message-types.ts';
import { option, type Words } from './command.ts';

/** Attributes of a flow message (enum ctattr_type). */
const attribute = { original: 1, reply: 2, id: 12, filter: 25 } as const;

/** True for messages about tracked connections rather than nftables. */
export function isFlowMessage({ type }: Message): boolean {
  return type >> 8 === flowMessageType.deleted >> 8;
}

/**
 * The words of the `conntrack` command that removes what a message removes. conntrack(8) cannot name a connection's id,
 * which only keeps a later connection with the same addresses and ports from being hit.
 *
 * @throws Error for messages that do anything else.
 */
export function flowWords(message: Message, operation: string): Words {
  if (message.type !== flowMessageType.deleted)
    throw new Error(`${operation}: message type ${message.type} has no rendering`);
  const attributes = new Attributes(message.body.subarray(4));
  for (const type of [attribute.id, attribute.filter]) attributes.has(type);
  const original = attributes.nested(attribute.original);
  const reply = attributes.nested(attribute.reply);
  const words = [
    'conntrack',
    '-D',
    ...option('-f', message.body[0] === addressFamily.ipv6 ? 'ipv6' : 'ipv4'),
    ...option('-p', original?.nested(2)?.u8(1)),
    ...tupleWords('orig', original),
    ...tupleWords('reply', reply),
  ];
  attributes.assertAllRead(operation);
  return words;
}

function tupleWords(direction: 'orig' | 'reply', tuple: Attributes | undefined): Words {
  const addresses = tuple?.nested(1);
  const transport = tuple?.nested(2);
  transport?.has(1);
  return [
    ...option(`--${direction}-src`, textOf(addresses?.bytes(1) ?? addresses?.bytes(3))),
    ...option(`--${direction}-dst`, textOf(addresses?.bytes(2) ?? addresses?.bytes(4))),
    ...option(`--${direction}-port-src`, transport?.u16be(2)),
    ...option(`--${direction}-port-dst`, transport?.u16be(3)),
  ];
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && ipFromBytes(bytes);
}
