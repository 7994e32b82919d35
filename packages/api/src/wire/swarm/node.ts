import type { NodeSpec, NodeView } from '@fairlead/engine';
import { labels, presentMeta } from './annotations.ts';
import { presentTls } from './cluster.ts';
import { always, maybe, struct, text, word } from './shape.ts';

/** `Spec` of a node. */
export const nodeSpec = struct({
  name: maybe(text),
  labels,
  role: always(word<NodeSpec['role']>(), '' as NodeSpec['role']),
  availability: always(word<NodeSpec['availability']>(), '' as NodeSpec['availability']),
});

/** A node. */
export function presentNode({ node, rootCertificate, issuer, managerAddress }: NodeView) {
  const { description } = node;
  return {
    ...presentMeta(node),
    Spec: nodeSpec.show(node.spec),
    Description: {
      Hostname: description.hostname,
      Platform: { Architecture: description.architecture, OS: description.os },
      Resources: { NanoCPUs: description.nanoCpus, MemoryBytes: description.memory },
      Engine: {
        EngineVersion: description.engineVersion,
        ...(Object.keys(description.engineLabels).length > 0 && { Labels: description.engineLabels }),
        Plugins: description.plugins.map(({ type, name }) => ({ Type: type, Name: name })),
      },
      TLSInfo: presentTls(rootCertificate, issuer),
    },
    Status: { State: 'ready', Addr: node.address },
    ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: managerAddress },
  };
}
