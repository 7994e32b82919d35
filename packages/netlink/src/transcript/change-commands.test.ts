import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  parseInterfaceAddress as cidr,
  parseIpAddress as ip,
  parseMacAddress as mac,
  parsePrefix as prefix,
} from '@fairlead/base';
import type { SetDefinition, TableDefinition } from '../nftables/definition.ts';
import type { Change, KernelObject, LinkObject, LinkType } from '../object/kernel-object.ts';
import { renderChanges } from './change-commands.ts';

/**
 * An object of each kind, and a link of each type, with everything that it can have: the compiler refuses this file when an
 * object gets another property, and the test fails when that is put into a message that nobody can render.
 */
type Made = Exclude<LinkType, { readonly kind: 'other' }>;
type Full<T> = { readonly [Key in keyof T]-?: Exclude<T[Key], undefined> };

const linkTypes: { readonly [Kind in Made['kind']]: Full<Extract<Made, { readonly kind: Kind }>> } = {
  veth: {
    kind: 'veth',
    peer: { namespace: 'web', name: 'eth0', mac: mac('02:42:00:00:00:03'), mtu: 1400 } satisfies Full<
      NonNullable<Extract<Made, { readonly kind: 'veth' }>['peer']>
    >,
  },
  bridge: { kind: 'bridge' },
  macvlan: { kind: 'macvlan', parent: 'eth0', mode: 'vepa' },
  ipvlan: { kind: 'ipvlan', parent: 'eth0', mode: 'l3s', flag: 'private' },
  vlan: { kind: 'vlan', parent: 'eth0', id: 7 },
  vxlan: { kind: 'vxlan', id: 7, local: ip('10.0.0.1'), port: 4789, learning: false },
  dummy: { kind: 'dummy' },
  moved: { kind: 'moved', source: 'card' },
};

const link: Omit<Full<LinkObject>, 'type'> = {
  kind: 'link',
  namespace: 'web',
  name: 'link0',
  up: true,
  mac: mac('02:42:00:00:00:02'),
  mtu: 1400,
  master: 'br0',
  port: { hairpin: true, isolated: true } satisfies Full<NonNullable<LinkObject['port']>>,
  alias: 'fairlead endpoint 1',
  group: 7,
  madeIn: '',
};

const set: SetDefinition = { name: 'ports', key: ['inet_proto', 'inet_service'], value: ['ipv4_addr'], interval: true };
const table: TableDefinition = { family: 'bridge', name: 'fairlead', comment: 'ours', sets: [set], chains: [] };

const objects: {
  readonly [Kind in Exclude<KernelObject['kind'], 'link'>]: Full<Extract<KernelObject, { readonly kind: Kind }>>;
} = {
  namespace: {
    ...{ kind: 'namespace', namespace: 'web' },
    owner: { users: [{ inside: 0, outside: 100_000, count: 65_536 }], groups: [] },
  },
  address: { kind: 'address', namespace: 'web', link: 'eth0', address: cidr('fd00::2/64') },
  route: {
    ...{ kind: 'route', namespace: 'web', destination: prefix('10.1.0.0/16'), via: ip('10.0.0.1'), link: 'eth0' },
    ...{ type: 'unicast', table: 7, metric: 9, mtu: 1400, source: ip('10.0.0.2'), scope: 'link', protocol: 186 },
  },
  rule: {
    ...{ kind: 'rule', namespace: 'web', family: 4, priority: 5, table: 7, from: prefix('10.0.0.0/8') },
    ...{ to: prefix('10.1.0.0/16'), incoming: 'eth0', outgoing: 'eth1', mark: { value: 1, mask: 255 } },
    ...{ inverted: true, suppress: 0, narrowed: true },
  },
  neighbor: { kind: 'neighbor', namespace: 'web', link: 'eth0', address: ip('10.0.0.9'), mac: link.mac },
  fdb: {
    ...{
      kind: 'fdb',
      namespace: '',
      link: 'vx0',
      mac: link.mac,
      destination: ip('10.0.0.9'),
      vlan: 7,
      on: 'self',
      sticky: true,
    },
  },
  qdisc: { kind: 'qdisc', namespace: 'web', link: 'eth0', rate: 125_000 },
  sysctl: { kind: 'sysctl', namespace: 'web', key: 'net.ipv4.conf.eth0.rp_filter', value: '2' },
  table: { kind: 'table', namespace: 'web', definition: table },
  element: {
    ...{
      kind: 'element',
      namespace: 'web',
      family: 'bridge',
      table: 'fairlead',
      set: 'ports',
      key: ['tcp', '80-90'],
      value: ['10.0.0.2'],
    },
  },
};

const all: readonly KernelObject[] = [
  ...Object.values(linkTypes).map((type): LinkObject => ({ ...link, type })),
  ...Object.values(objects),
];

function render(change: Change): string[] {
  return renderChanges([change], [{ table, set }]);
}

describe('every change of every object', () => {
  for (const object of all) {
    const name = object.kind === 'link' ? `${object.kind} ${object.type.kind}` : object.kind;
    test(`of kind ${name} can be told as commands`, () => {
      for (const action of ['add', 'remove'] as const) {
        const lines = render({ action, object });
        const needsNone = action === 'remove' && object.kind === 'sysctl';
        assert.equal(lines.length > 0, !needsNone, `${action} ${name}`);
        for (const line of lines)
          assert.match(line, /^(ip|bridge|tc|nft|sysctl|nsenter --net=\S+ (nft|sysctl)|unshare|add|delete|NFT)\b/);
      }
      render({ action: 'change', object, previous: object });
    });
  }
});

test('what can be one transaction is one, and names stand for what they are in their own namespaces', () => {
  const element = (port: string): KernelObject => ({ ...objects.element, key: ['tcp', port] });
  const changes: Change[] = [
    {
      action: 'add',
      object: { ...link, namespace: '', madeIn: '', type: { kind: 'macvlan', parent: 'eth0', mode: 'bridge' } },
    },
    { action: 'remove', object: element('80') },
    { action: 'change', object: element('81'), previous: element('81') },
    { action: 'remove', object: objects.namespace },
    { action: 'add', object: { kind: 'namespace', namespace: 'web' } },
  ];
  const lines = renderChanges(changes, [{ table, set }]);
  assert.match(lines.join('\n'), /link eth0 name link0 .* master br0 type macvlan/);
  assert.deepEqual(lines.slice(-8), [
    "nsenter --net=/run/netns/web nft -f - <<'NFT'",
    'delete element bridge fairlead ports { tcp . 80 }',
    'delete element bridge fairlead ports { tcp . 81 }',
    'add element bridge fairlead ports { tcp . 81 : 10.0.0.2 }',
    'NFT',
    'ip netns del web',
    'ip netns add web',
    'ip -n web link set dev lo up',
  ]);
});

test('an element of a set that nobody knows is not guessed', () => {
  assert.throws(() => renderChanges([{ action: 'add', object: objects.element }], []), /nobody knows the set/);
});

test('links that are made for one namespace have numbers of their own there', () => {
  const type = { kind: 'macvlan', parent: 'eth0', mode: 'bridge' } as const;
  const added = ['eth0', 'eth1'].map((name): Change => ({ action: 'add', object: { ...link, name, type } }));
  const numbers = renderChanges(added, []).flatMap((line) => /link add index (\d+) /.exec(line)?.[1] ?? []);
  assert.equal(new Set(numbers).size, 2, numbers.join(' '));
});
