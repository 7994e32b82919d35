import type { BatchRequest } from '../connection.ts';
import { describeObject } from '../object/change-text.ts';
import type {
  Change,
  FdbObject,
  KernelObject,
  LinkObject,
  NamespaceName,
  NeighborObject,
  RouteObject,
  RuleObject,
} from '../object/kernel-object.ts';
import { addAddressMessage, removeAddressMessage } from './address.ts';
import {
  addLinkMessages,
  changeLinkMessages,
  giveBackMessage,
  homeOfLink,
  isInnerEnd,
  removeLinkMessage,
} from './link.ts';
import type { NumberLookup } from './lookup.ts';
import { addFdbMessage, addNeighborMessage, removeFdbMessage, removeNeighborMessage } from './neighbor.ts';
import { addQdiscMessage, removeQdiscMessage } from './qdisc.ts';
import { addRouteMessage, removeRouteMessage, replaceRouteMessage } from './route.ts';
import { addRuleMessage, removeRuleMessage } from './rule.ts';

/** Objects that are made with messages to NETLINK_ROUTE. */
export type RouteChangeObject = Extract<
  KernelObject,
  { kind: 'link' | 'address' | 'route' | 'rule' | 'neighbor' | 'fdb' | 'qdisc' }
>;

/** A change of such an object. */
export type RouteChange = Change & { readonly object: RouteChangeObject };

/** A request and the namespace that it goes to. */
export interface RouteRequest extends BatchRequest {
  readonly namespace: NamespaceName;
}

/**
 * The requests that make a change, one after the other, each only when the one before it succeeded. None when there is
 * nothing to do: a veth's inner end goes with the outer one, and some objects are nothing but their identity.
 */
export function routeRequests(change: RouteChange, lookup: NumberLookup): RouteRequest[] {
  const { action, object } = change;
  const operation = `${action} ${describeObject(object)}`;
  const first = action === 'add' && object.kind === 'link' ? homeOfLink(object) : object.namespace;
  return messagesOf(change, lookup).map((message, index) => ({
    namespace: index === 0 ? first : object.namespace,
    operation,
    message,
  }));
}

function messagesOf(change: RouteChange, lookup: NumberLookup): Uint8Array[] {
  const { object } = change;
  const previous = change.action === 'change' ? change.previous : undefined;
  switch (object.kind) {
    case 'link':
      return linkMessages(change.action, object, previous, lookup);
    case 'address':
      if (change.action === 'change') return [];
      return [change.action === 'add' ? addAddressMessage(object, lookup) : removeAddressMessage(object, lookup)];
    case 'route':
      return [routeMessageOf(change.action, object, lookup)];
    case 'rule':
      return ruleMessages(change.action, object, previous);
    case 'neighbor':
      return [neighborMessage(change.action, object, lookup)];
    case 'fdb':
      return fdbMessages(change.action, object, lookup);
    case 'qdisc':
      return [change.action === 'remove' ? removeQdiscMessage(object, lookup) : addQdiscMessage(object, lookup)];
    default:
      return object satisfies never;
  }
}

function linkMessages(
  action: Change['action'],
  link: LinkObject,
  previous: KernelObject | undefined,
  lookup: NumberLookup,
): Uint8Array[] {
  if (action === 'add') return addLinkMessages(link, lookup);
  if (previous?.kind === 'link') return changeLinkMessages(link, previous, lookup);
  if (link.type.kind === 'moved') return [giveBackMessage(link, link.type, lookup)];
  return isInnerEnd(link.type) ? [] : [removeLinkMessage(link.name)];
}

function routeMessageOf(action: Change['action'], route: RouteObject, lookup: NumberLookup): Uint8Array {
  if (action === 'add') return addRouteMessage(route, lookup);
  return action === 'change' ? replaceRouteMessage(route, lookup) : removeRouteMessage(route, lookup);
}

/** The kernel cannot change a rule; the new one is there before the old one goes. */
function ruleMessages(action: Change['action'], rule: RuleObject, previous: KernelObject | undefined): Uint8Array[] {
  if (action === 'remove') return [removeRuleMessage(rule)];
  return previous?.kind === 'rule' ? [addRuleMessage(rule), removeRuleMessage(previous)] : [addRuleMessage(rule)];
}

function neighborMessage(action: Change['action'], object: NeighborObject, lookup: NumberLookup): Uint8Array {
  return action === 'remove' ? removeNeighborMessage(object, lookup) : addNeighborMessage(object, lookup);
}

function fdbMessages(action: Change['action'], object: FdbObject, lookup: NumberLookup): Uint8Array[] {
  if (action === 'change') return [];
  return [action === 'add' ? addFdbMessage(object, lookup) : removeFdbMessage(object, lookup)];
}
