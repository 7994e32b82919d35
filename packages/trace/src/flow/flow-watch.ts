import { statSync } from 'node:fs';
import { errnoOf, namespacePath, OpenNamespace, readSysctlHere } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import {
  decodeFlow,
  decodeFlowEvent,
  encodeFlowDump,
  encodeFlowQuery,
  encodeNftBatch,
  type Flow,
  type FlowEvent,
  hasErrno,
  type NamespaceName,
  NetlinkConnection,
  netfilterGroup,
} from '@fairlead/netlink';
import { encodeTrackingTable } from '@fairlead/netlink/tracing';

/** Whether the kernel counts the packets and bytes of connections that begin; of the namespace. */
export const accountingKey = 'net.netfilter.nf_conntrack_acct';
/** Our tables in namespaces of containers begin so; the last one of a namespace may still be on its way out. */
const tablePrefix = 'flow-watch-';
let tables = 0;

/** What a namespace tells about its connections, until disposed of. */
export interface FlowWatch extends Disposable {
  /** Inode of the namespace. */
  readonly number: number;
  readonly name: NamespaceName;
  /** Hand over what has come by now. */
  drain(): void;
  /** Ask for a flow as it is now; `undefined` when it is gone. */
  find(flow: Flow): Flow | undefined;
  /** Everything that is tracked at the moment. */
  list(): Flow[];
}

/** Who is told. */
export interface FlowListener {
  readonly event: (namespace: number, event: FlowEvent) => void;
  /** The kernel had no room for some events of a namespace. */
  readonly loss: (watch: FlowWatch) => void;
}

/** Look at the connections of a namespace without listening. @throws Error `ENOENT` when it is gone. */
export function openFlowTable(name: NamespaceName): FlowWatch {
  const namespace = new OpenNamespace(name);
  return {
    number: statSync(namespacePath(name)).ino,
    name,
    drain: () => undefined,
    find: (flow) => findFlow(namespace, flow),
    list: () => listFlows(namespace),
    [Symbol.dispose]: () => namespace[Symbol.dispose](),
  };
}

/**
 * Listen to the connections of a namespace. One of a container tracks none by itself: for as long as it is watched, a
 * table of ours makes it do so.
 *
 * @throws Error `ENOENT` when it is gone.
 */
export function watchFlows(name: NamespaceName, listener: FlowListener): FlowWatch {
  using parts = new DisposableStack();
  const table = parts.use(openFlowTable(name));
  const namespace = parts.use(new OpenNamespace(name));
  if (name !== '') parts.use(trackConnections(namespace));
  const groups = [netfilterGroup.conntrackNew, netfilterGroup.conntrackUpdate, netfilterGroup.conntrackDestroy];
  let netlink: NetlinkListener | undefined;
  const watch: FlowWatch = {
    ...table,
    drain: () => netlink?.drain(),
    [Symbol.dispose]: () => owned.dispose(),
  };
  netlink = parts.use(
    namespace.enter(() =>
      listenToNetlink(
        'netfilter',
        groups,
        (message) => {
          const event = decodeFlowEvent(message);
          if (event !== undefined) listener.event(table.number, event);
        },
        () => listener.loss(watch),
      ),
    ),
  );
  const owned = parts.move();
  return watch;
}

/** Whether a namespace counts; `undefined` when it is gone or cannot. */
export function readAccounting(name: NamespaceName): boolean | undefined {
  try {
    using namespace = new OpenNamespace(name);
    const value = namespace.enter(() => readSysctlHere(accountingKey));
    return value === undefined ? undefined : value !== '0';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

function trackConnections(namespace: OpenNamespace): Disposable {
  const socket = namespace.openSocket('netfilter');
  try {
    tables += 1;
    const table = encodeTrackingTable(`${tablePrefix}${process.pid}-${tables}`);
    new NetlinkConnection(socket).executeBatch(encodeNftBatch(table));
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

function findFlow(namespace: OpenNamespace, flow: Flow): Flow | undefined {
  try {
    const [answer] = namespace.netfilter.execute('find connection', encodeFlowQuery(flow));
    return answer && decodeFlow(answer);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function listFlows(namespace: OpenNamespace): Flow[] {
  return ([4, 6] as const).flatMap((family) =>
    namespace.netfilter.execute('list connections', encodeFlowDump({ family })).map(decodeFlow),
  );
}
