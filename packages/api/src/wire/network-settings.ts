import type { ContainerView } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { presentEndpoint, type WireEndpoint } from './endpoint-settings.ts';
import { presentBound } from './port-map.ts';

/** `Networks` of a container, by the networks' names. */
function presentNetworks(view: ContainerView, version: ApiVersion): Record<string, WireEndpoint> {
  const { id, config } = view.container;
  const ownNames = [id.slice(0, 12), ...(config.hostname ? [config.hostname] : [])];
  return Object.fromEntries(
    view.networks.map((attachment) => [attachment.name, presentEndpoint(attachment, version, ownNames)]),
  );
}

/** The same in lists: what was asked for beyond addresses stands in `inspect` alone (moby, container/view.go). */
export function presentListedNetworks(view: ContainerView, version: ApiVersion): Record<string, WireEndpoint> {
  const listed = Object.entries(presentNetworks(view, version)).map(([name, endpoint]) => {
    const { LinkLocalIPs: _, ...addresses } = endpoint.IPAMConfig ?? {};
    const shown = {
      ...endpoint,
      IPAMConfig: endpoint.IPAMConfig && addresses,
      Links: null,
      Aliases: null,
      DriverOpts: null,
      ...('DNSNames' in endpoint && { DNSNames: null }),
    };
    return [name, shown] as const;
  });
  return Object.fromEntries(listed);
}

/** Exposed ports that could be reached from outside: dockerd names those of a bridge with a gateway alone. */
export function reachablePorts({ networks, exposed }: ContainerView): readonly string[] {
  const isReachable = networks.some(
    ({ network, endpoint }) => endpoint !== undefined && isBridged(network) && !network?.internal,
  );
  return isReachable ? exposed : [];
}

/** An overlay network's containers have a bridge with a gateway as well. */
function isBridged(network: ContainerView['networks'][number]['network']): boolean {
  return network?.driver === 'bridge' || network?.driver === 'overlay';
}

/** `NetworkSettings` of `inspect`. Before 1.52 the default bridge's values stand at the top as well. */
export function presentNetworkSettings(view: ContainerView, version: ApiVersion) {
  const networks = presentNetworks(view, version);
  const { bound } = view;
  const isUp = view.sandboxKey !== '' || bound.length > 0;
  return {
    ...(version < 52 && { Bridge: '' }),
    SandboxID: view.sandbox?.id ?? '',
    SandboxKey: view.sandboxKey,
    Ports: isUp ? presentBound(bound, reachablePorts(view)) : {},
    ...(version < 52 && legacySettings(networks['bridge'])),
    Networks: networks,
  };
}

/** What clients from before user-defined networks read. */
function legacySettings(bridge: WireEndpoint | undefined) {
  return {
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
  };
}
