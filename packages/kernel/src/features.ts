import {
  type BatchRequest,
  encodeElements,
  encodeMessage,
  encodeNewTable,
  encodeNftBatch,
  encodeTable,
  hasErrno,
  messageFlag,
  NetlinkConnection,
  type TableDefinition,
} from '@fairlead/netlink';
import { defineFeature, type Feature } from './feature.ts';
import { enterScratchNamespace } from './namespace/namespace.ts';
import { type NetlinkProtocol, NetlinkSocket } from './socket/netlink-socket.ts';

const scratchTable: TableDefinition = {
  family: 'inet',
  name: 'fairlead-probe',
  sets: [{ name: 'ports', key: ['inet_service'] }],
  chains: [],
};

const proxyChain: TableDefinition['chains'][number] = {
  name: 'proxied',
  hook: { type: 'filter', hook: 'prerouting', priority: 0, policy: 'accept' },
  rules: [
    {
      statements: [
        { match: ['meta nfproto'], with: { value: 'ipv6' } },
        { match: ['meta l4proto'], with: { value: 'tcp' } },
        { tproxy: { address: '::1', port: 1 } },
      ],
    },
  ],
};

const drawingChain: TableDefinition['chains'][number] = {
  name: 'drawn',
  hook: { type: 'nat', hook: 'output', priority: 0, policy: 'accept' },
  rules: [{ statements: [{ translate: 'dnat', family: 'ip', by: ['ip daddr', 'meta random'], map: 'drawn' }] }],
};

const drawingTable: TableDefinition = {
  ...scratchTable,
  sets: [{ name: 'drawn', key: ['ipv4_addr', 'meta random'], value: ['ipv4_addr'], interval: true }],
  chains: [drawingChain],
};

const ingressTable: TableDefinition = {
  family: 'netdev',
  name: 'fairlead-probe',
  sets: [],
  chains: [
    {
      name: 'arriving',
      hook: { type: 'filter', hook: 'ingress', device: 'lo', priority: 0, policy: 'accept' },
      rules: [],
    },
  ],
};

/** Features by name; `fairlead info` lists them. */
export const features = {
  'macvlan links': linkFeature('macvlan', '2.6.23'),
  'ipvlan links': linkFeature('ipvlan', '3.19'),
  'vlan links': linkFeature('vlan', '2.6.14'),
  'vxlan links': linkFeature('vxlan', '3.7'),
  'dummy links': linkFeature('dummy', '2.6.12'),
  'wireguard links': linkFeature('wireguard', '5.6'),
  'protected tables': defineFeature({
    name: 'nftables tables with the flags owner and persist',
    since: '6.9',
    probe: () => tryBatch([encodeNewTable({ ...scratchTable, protected: true })]),
  }),
  'transparent proxying': defineFeature({
    name: 'nftables statement tproxy',
    since: '4.19',
    probe: () => tryBatch(encodeTable({ ...scratchTable, chains: [proxyChain] })),
  }),
  'drawn numbers': defineFeature({
    name: 'nftables selector meta random beside intervals',
    since: '5.6',
    probe: () => tryBatch(encodeTable(drawingTable)),
  }),
  'ingress hooks': defineFeature({
    name: 'nftables tables of family netdev',
    since: '4.2',
    probe: () => tryBatch(encodeTable(ingressTable)),
  }),
  'destroy elements': defineFeature({
    name: 'nftables removal of what may be gone',
    since: '6.3',
    probe: () => tryBatch([...encodeTable(scratchTable), ...destroyNothing()]),
  }),
} as const satisfies Record<string, Feature>;

/** Name of a feature. */
export type FeatureName = keyof typeof features;

function destroyNothing(): BatchRequest[] {
  const [set] = scratchTable.sets;
  return set === undefined ? [] : encodeElements({ table: scratchTable, set }, 'destroy', [{ key: ['1'] }]);
}

function linkFeature(kind: string, since: string): Feature {
  return defineFeature({ name: `links of kind ${kind}`, since, probe: () => tryLink(kind) });
}

/**
 * The kernel looks for the kind before it looks at anything else and says EOPNOTSUPP when it has none; what it says
 * later about the missing parent or number shows that it knows the kind (net/core/rtnetlink.c, rtnl_newlink).
 */
function tryLink(kind: string): void {
  const message = encodeMessage(16, messageFlag.acknowledge | messageFlag.create, (writer) => {
    writer.header.zeros(16);
    writer.text(3, 'probe').nested(18, (information) => information.text(1, kind));
  });
  inScratch('route', (connection) => {
    try {
      connection.execute(`add link of kind ${kind}`, message);
    } catch (error) {
      if (!hasErrno(error, 'EINVAL', 'ENODEV', 'ERANGE')) throw error;
    }
  });
}

function tryBatch(requests: readonly BatchRequest[]): void {
  inScratch('netfilter', (connection) => connection.executeBatch(encodeNftBatch(requests)));
}

function inScratch(protocol: NetlinkProtocol, work: (connection: NetlinkConnection) => void): void {
  enterScratchNamespace(() => {
    using socket = new NetlinkSocket(protocol);
    work(new NetlinkConnection(socket));
  });
}
