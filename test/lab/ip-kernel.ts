import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createNamespace, enterNamespace, namespacePath } from '@fairlead/kernel';
import type { Change, KernelObject } from '@fairlead/netlink';

/** Makes the objects of a host with iproute2: the lab then owes nothing to the code that is tested in it. */
export const ipKernel = {
  async apply(changes: readonly Change[]): Promise<void> {
    for (const { object } of changes) make(object);
  },
};

function make(object: KernelObject): void {
  const ip = (words: string): void => {
    execFileSync('ip', ['-n', object.namespace, ...words.split(' ')], { stdio: 'pipe' });
  };
  switch (object.kind) {
    case 'namespace':
      createNamespace(object.namespace);
      return ip('link set lo up');
    case 'sysctl':
      return enterNamespace(namespacePath(object.namespace), () =>
        writeFileSync(`/proc/sys/${object.key.replaceAll('.', '/')}`, object.value),
      );
    case 'link':
      if (object.type.kind === 'veth' && object.type.peer !== undefined) {
        const { name, namespace } = object.type.peer;
        ip(`link add ${object.name} type veth peer name ${name} netns ${namespace}`);
      }
      return ip(`link set ${object.name} up`);
    case 'address':
      return ip(`address add ${object.address} dev ${object.link}`);
    case 'route':
      return ip(`route add ${object.destination} via ${object.via} dev ${object.link}`);
    default:
      throw new Error(`a host needs no ${object.kind}`);
  }
}
