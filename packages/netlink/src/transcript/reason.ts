import type { Change, KernelObject, LinkObject } from '../object/kernel-object.ts';
import type { NetfilterEntry, TranscriptEntry } from './entry.ts';

/** What a step is for, in a few words; `undefined` for what belongs to the step before it. */
export function reasonOf(entry: TranscriptEntry): string | undefined {
  const [change] = entry.changes ?? [];
  if (change !== undefined) return whatFor(change, entry);
  if (entry.protocol === 'sysctl') return 'settings that were so already';
  if (entry.protocol !== 'netfilter') return undefined;
  return entry.operation === 'forget connections' ? 'connections from before are judged anew' : 'rules of others';
}

function whatFor(change: Change, entry: TranscriptEntry): string {
  const reason = whatIs(change.object, entry);
  return change.action === 'remove' ? `no longer: ${reason}` : reason;
}

function whatIs(object: KernelObject, entry: TranscriptEntry): string {
  const isHost = object.namespace === '';
  switch (object.kind) {
    case 'namespace':
      return 'a network namespace of its own for the container';
    case 'link':
      return whatLinkIs(object);
    case 'address':
      return isHost ? 'the gateway of the containers: the host’s address on the network' : 'the container’s addresses';
    case 'route':
      return 'the way out';
    case 'sysctl':
      return isHost ? 'the host as a router of the network' : 'how the interface behaves';
    case 'qdisc':
      return 'how fast it may be';
    case 'table':
      return isHost ? 'the rules of the host' : 'questions to 127.0.0.11 go to the name server of the container';
    case 'element':
      return entry.protocol === 'netfilter' ? whatElementsAre(entry) : 'what the rules know';
    default:
      return 'what else there is';
  }
}

function whatLinkIs({ type, namespace }: LinkObject): string {
  switch (type.kind) {
    case 'bridge':
      return 'the bridge of the network';
    case 'veth':
      return namespace === '' ? 'a cable from the bridge into the container' : 'the container’s end of the cable';
    case 'macvlan':
    case 'ipvlan':
      return `an interface of the container’s own on ${type.parent}`;
    case 'vlan':
      return `what is tagged ${type.id} on ${type.parent}`;
    case 'moved':
      return 'the interface that a plugin has made';
    default:
      return 'an interface';
  }
}

/** Sets say themselves what they are. */
function whatElementsAre({ changes = [], sets }: NetfilterEntry): string {
  const named = changes.flatMap(({ object }) => (object.kind === 'element' ? [object.set] : []));
  const comments = sets.filter(({ set }) => named.includes(set.name)).map(({ set }) => set.comment ?? set.name);
  return [...new Set(comments)].join('; ') || 'what the rules know';
}
