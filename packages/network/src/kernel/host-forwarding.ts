import { type Logger, type Prefix, prefixFamily } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { KernelPort } from '../kernel-port.ts';
import type { NetworkState } from '../state.ts';

/** What the host's forwarding is switched with, and where it is noted how it was. */
interface ForwardingParts {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly logger: Logger;
}

/** Switches for the whole host, by IP version. */
const forwardingKeys = [
  [4, 'net.ipv4.ip_forward'],
  [6, 'net.ipv6.conf.all.forwarding'],
] as const;

/** Note which forwarding is off, before anything of ours switches it on: {@link giveBackForwarding} needs it. */
export function noteForwarding({ state, kernel }: Pick<ForwardingParts, 'state' | 'kernel'>): void {
  for (const [, id] of forwardingKeys) {
    if (state.unforwarded.get(id) === undefined && kernel.readSysctl('', id) === '0') state.unforwarded.put({ id });
  }
}

/**
 * Switch off what was off before we came. Between two links of others it may serve them by now: then it stays. One link
 * alone has nothing to pass on.
 */
export async function giveBackForwarding({ state, kernel, logger }: ForwardingParts): Promise<void> {
  const routes = kernel.observe('', ['route']);
  for (const [family, key] of forwardingKeys) {
    if (state.unforwarded.get(key) === undefined) continue;
    const links = linksOf(routes, family);
    if (links.length > 1) {
      logger.info('forwarding stays switched on: others may need it by now', { key, links });
      continue;
    }
    const object = { kind: 'sysctl', namespace: '', key, value: '0' } as const;
    if (kernel.readSysctl('', key) === '1') await kernel.apply([{ action: 'add', object }]);
    state.unforwarded.delete(key);
  }
}

/** Links that routes of one IP version lead to, but for those that every link has for itself. */
function linksOf(routes: readonly KernelObject[], family: 4 | 6): string[] {
  const leading = routes.flatMap((object) => {
    if (object.kind !== 'route' || prefixFamily(object.destination) !== family) return [];
    return object.link === undefined || object.link === 'lo' || isOfLink(object.destination) ? [] : [object.link];
  });
  return [...new Set(leading)];
}

function isOfLink(destination: Prefix): boolean {
  return destination.startsWith('fe80:') || destination.startsWith('ff');
}
