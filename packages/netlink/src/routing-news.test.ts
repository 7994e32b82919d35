import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePrefix } from '@fairlead/base';
import { decodeMessages, encodeMessage } from './message.ts';
import type { RouteObject } from './object/kernel-object.ts';
import { routeMessage } from './route/message-types.ts';
import { addRouteMessage } from './route/route.ts';
import { addRuleMessage, removeRuleMessage } from './route/rule.ts';
import { decodeRoutingNews } from './routing-news.ts';

const lookup = { linkIndex: () => 3, newLinkIndex: () => 4, namespaceDescriptor: () => 5 };
const linkName = (index: number) => (index === 3 ? 'eth0' : undefined);

function newsOf(bytes: Uint8Array) {
  const [message] = decodeMessages(bytes);
  return decodeRoutingNews(message ?? assert.fail(), linkName);
}

const route = (to: string, rest: Partial<RouteObject> = {}): RouteObject => ({
  ...{ kind: 'route', namespace: '', destination: parsePrefix(to), link: 'eth0' },
  ...rest,
});

const routes: readonly (readonly [RouteObject, string | undefined])[] = [
  [route('10.8.0.0/16'), 'route 10.8.0.0/16 dev eth0'],
  [route('0.0.0.0/0', { via: parseIpAddress('192.0.2.9') }), 'route default via 192.0.2.9 dev eth0'],
  [route('fd00::/8', { protocol: 12, table: 1000 }), 'route fd00::/8 dev eth0 proto bird table 1000'],
  [route('10.9.0.0/16', { type: 'blackhole' }), 'route blackhole 10.9.0.0/16'],
  [route('10.8.0.0/16', { protocol: 2 }), undefined],
];
for (const [object, what] of routes) {
  test(`a route in the words of ip: ${what ?? 'none of the kernel’s own'}`, () =>
    assert.equal(newsOf(addRouteMessage(object, lookup))?.what, what));
}

test('a rule in the words of ip, that of a VPN as well', () => {
  const rule = {
    kind: 'rule',
    namespace: '',
    family: 4,
    priority: 500,
    table: 254,
    from: parsePrefix('10.8.0.0/16'),
  } as const;
  assert.deepEqual(newsOf(addRuleMessage(rule)), { what: 'rule 500: from 10.8.0.0/16 lookup main', verb: 'added' });
  assert.equal(newsOf(removeRuleMessage(rule))?.verb, 'removed');
  const wireguard = encodeMessage(routeMessage.newRule, 0, (writer) => {
    writer.header.u8(10).zeros(3).u8(0).zeros(2).u8(1).u32(2);
    writer.u32(6, 32_764).u32(10, 0xca6c).u32(16, 0xffff_ffff).u32(15, 51_820).u32(14, 0);
  });
  assert.equal(
    newsOf(wireguard)?.what,
    'rule 32764: not from all fwmark 0xca6c lookup 51820 suppress_prefixlength 0 (IPv6)',
  );
});
