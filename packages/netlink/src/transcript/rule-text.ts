import { Attributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import { routeMessage } from '../route/message-types.ts';
import {
  ACTION_TABLE,
  decodeRuleHeader,
  INVERT,
  markIn,
  prefixIn,
  RULE_STATIC,
  ruleAttribute,
  ruleHeaderLength,
} from '../route/rule.ts';
import { commandLine, option, toolIn, type Words } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** The `ip rule` command that a rule message stands for. */
export function renderRuleMessage(message: Message, entry: RouteEntry): string {
  const header = decodeRuleHeader(message.body);
  const attributes = new Attributes(message.body.subarray(ruleHeaderLength));
  if (header.action !== ACTION_TABLE)
    throw new Error(`${entry.operation}: rule action ${header.action} has no rendering`);
  const mark = markIn(attributes);
  const words: Words = [
    message.type === routeMessage.newRule ? 'add' : 'del',
    ...((header.flags & INVERT) !== 0 ? ['not'] : []),
    ...option('priority', attributes.u32(ruleAttribute.priority)),
    ...option('from', prefixIn(attributes, ruleAttribute.source, header.sourceLength) ?? 'all'),
    ...option('to', prefixIn(attributes, ruleAttribute.destination, header.destinationLength)),
    ...option('iif', attributes.text(ruleAttribute.incoming)),
    ...option('oif', attributes.text(ruleAttribute.outgoing)),
    ...option('fwmark', mark && `0x${mark.value.toString(16)}/0x${mark.mask.toString(16)}`),
    ...option('lookup', attributes.u32(ruleAttribute.table) ?? header.table),
    ...option('suppress_prefixlength', attributes.u32(ruleAttribute.suppress)),
    ...option('protocol', attributes.u8(ruleAttribute.protocol) === RULE_STATIC ? 'static' : undefined),
  ];
  attributes.assertAllRead(entry.operation);
  return commandLine([...toolIn('ip', entry.namespace, ...(header.family === 6 ? ['-6'] : [])), 'rule', ...words]);
}
