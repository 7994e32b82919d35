import type { Change, KernelObject } from './kernel-object.ts';

/** What a change is called in an error or a list of operations: `add link fl-web`. */
export function describeChange(change: Change): string {
  return `${change.action} ${describeObject(change.object)}`;
}

/** What an object is called there: `link fl-web`. */
export function describeObject(object: KernelObject): string {
  const { kind } = object;
  switch (kind) {
    case 'namespace':
      return `namespace ${object.namespace}`;
    case 'link':
      return `link ${object.name}`;
    case 'address':
      return `address ${object.address} on ${object.link}`;
    case 'route':
      return `route to ${object.destination}`;
    case 'rule':
      return `rule ${object.priority}`;
    case 'neighbor':
      return `neighbor ${object.address} on ${object.link}`;
    case 'fdb':
      return `forwarding entry ${object.mac} on ${object.link}`;
    case 'qdisc':
      return `token bucket on ${object.link}`;
    case 'sysctl':
      return `sysctl ${object.key}`;
    case 'table':
      return `table ${object.definition.name}`;
    case 'element':
      return `element { ${object.key.join(' . ')} } of ${object.set}`;
    default:
      return object satisfies never;
  }
}
