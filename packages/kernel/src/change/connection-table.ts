import { type Family, familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import {
  decodeFlow,
  encodeFlowDeletion,
  encodeFlowDump,
  encodeFlowFlush,
  type FlowFilter,
  hasErrno,
  matchesFlow,
  type NamespaceName,
  NetlinkConnection,
} from '@fairlead/netlink';
import type { OpenNamespaces } from '../namespace/open-namespaces.ts';
import type { NetlinkSocket } from '../socket/netlink-socket.ts';
import type { EffectLog } from './effect-log.ts';

/** Which connections conntrack shall forget; every given part has to match, and one has to be given. */
export interface ConnectionFilter {
  readonly protocol?: PortProtocol;
  /** Address that the first packet was sent to, or that answers. */
  readonly address?: IpAddress;
  /** Port that the first packet was sent to. */
  readonly port?: number;
}

const protocolNumbers: Readonly<Record<PortProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** The connections that a namespace tracks. */
export class ConnectionTable {
  readonly #namespaces: OpenNamespaces;
  readonly #log: EffectLog;

  constructor(namespaces: OpenNamespaces, log: EffectLog) {
    this.#namespaces = namespaces;
    this.#log = log;
  }

  /** Forget connections, off the main thread: the kernel goes through its whole table. */
  async forget(namespace: NamespaceName, filter: ConnectionFilter): Promise<void> {
    using socket = this.#namespaces.get(namespace).openSocket('netfilter');
    for (const flows of flowFilters(filter)) await this.#flush(namespace, socket, flows);
  }

  async #flush(namespace: NamespaceName, socket: NetlinkSocket, filter: FlowFilter): Promise<void> {
    try {
      await this.#send(namespace, socket, encodeFlowFlush(filter));
    } catch (error) {
      if (hasErrno(error, 'EINVAL', 'EOPNOTSUPP')) await this.#flushOneByOne(namespace, socket, filter);
      else if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  /** Before Linux 6.8 the kernel removes all or one. */
  async #flushOneByOne(namespace: NamespaceName, socket: NetlinkSocket, filter: FlowFilter): Promise<void> {
    const flows = new NetlinkConnection(socket).execute('list connections', encodeFlowDump(filter)).map(decodeFlow);
    for (const flow of flows.filter((candidate) => matchesFlow(filter, candidate))) {
      try {
        await this.#send(namespace, socket, encodeFlowDeletion(flow));
      } catch (error) {
        if (!hasErrno(error, 'ENOENT')) throw error;
      }
    }
  }

  #send(namespace: NamespaceName, socket: NetlinkSocket, bytes: Uint8Array): Promise<void> {
    const operation = 'forget connections';
    return this.#log.runAsync({ protocol: 'netfilter', namespace, operation, bytes, sets: [] }, () =>
      new NetlinkConnection(socket).executeOffThread(operation, bytes, (message) => socket.sendOffThread(message)),
    );
  }
}

/** An address may be the one that was asked for or the one that answers; those are two questions to the kernel. */
function flowFilters({ protocol, address, port }: ConnectionFilter): FlowFilter[] {
  if (protocol === undefined && address === undefined && port === undefined) return [];
  const families: readonly Family[] = address === undefined ? [4, 6] : [familyOf(address)];
  const transport = {
    ...(protocol === undefined ? {} : { protocol: protocolNumbers[protocol] }),
    ...(port === undefined ? {} : { destinationPort: port }),
  };
  return families.flatMap((family): FlowFilter[] => {
    if (address === undefined) return [{ family, original: transport }];
    return [
      { family, original: { ...transport, destination: address } },
      { family, original: transport, reply: { source: address } },
    ];
  });
}
