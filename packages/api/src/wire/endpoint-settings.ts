import { prefixContains, prefixLength } from '@fairlead/base';
import { type AttachmentView, addressWithLength, contestTexts, type EndpointConfig } from '@fairlead/engine';
import * as v from 'valibot';
import type { ApiVersion } from '../http/api-version.ts';
import { goInteger, goObject, goString, goStringMap, goStrings } from './go-json.ts';

/** `EndpointSettings` of a request. */
export const endpointSettingsSchema = goObject({
  IPAMConfig: v.optional(goObject({ IPv4Address: goString, IPv6Address: goString, LinkLocalIPs: goStrings })),
  Links: goStrings,
  Aliases: goStrings,
  MacAddress: goString,
  DriverOpts: goStringMap,
  GwPriority: goInteger,
  NetworkID: goString,
});

/** A request's `EndpointSettings` after decoding. */
export type WireEndpointSettings = v.InferOutput<typeof endpointSettingsSchema>;

/** What a request asks for on one network; what is empty is left out. */
export function parseEndpointSettings(settings: WireEndpointSettings): EndpointConfig {
  const { IPAMConfig: ipam, Links, Aliases, DriverOpts, MacAddress, GwPriority } = settings;
  return {
    ...(ipam?.IPv4Address && { ipv4Address: ipam.IPv4Address }),
    ...(ipam?.IPv6Address && { ipv6Address: ipam.IPv6Address }),
    ...(ipam !== undefined && ipam.LinkLocalIPs.length > 0 && { linkLocalAddresses: ipam.LinkLocalIPs }),
    ...(MacAddress && { macAddress: MacAddress }),
    ...(Aliases.length > 0 && { aliases: Aliases }),
    ...(Links.length > 0 && { links: Links }),
    ...(Object.keys(DriverOpts).length > 0 && { driverOptions: DriverOpts }),
    ...(GwPriority !== 0 && { gatewayPriority: GwPriority }),
  };
}

/**
 * One entry of `NetworkSettings.Networks`. No key is ever omitted: older clients dereference them without asking.
 *
 * @param ownNames first twelve digits of the container and its host name, which versions before 1.45 list as aliases.
 */
export function presentEndpoint(view: AttachmentView, version: ApiVersion, ownNames: readonly string[]) {
  const { config, endpoint, network } = view;
  const aliases = config.aliases ?? [];
  // Only where names are served do aliases exist at all.
  const isListed = version < 45 && view.dnsNames !== null && endpoint !== undefined;
  const shown = isListed ? [...new Set([...aliases, ...ownNames])] : aliases;
  const warnings = endpoint === undefined ? [] : contestTexts(endpoint);
  return {
    IPAMConfig: presentIpamConfig(config),
    Links: config.links ?? null,
    Aliases: shown.length > 0 ? shown : null,
    MacAddress: endpoint?.mac ?? config.macAddress ?? '',
    DriverOpts: config.driverOptions ?? null,
    ...(version >= 48 && { GwPriority: config.gatewayPriority ?? 0 }),
    NetworkID: network?.id ?? '',
    EndpointID: endpoint?.id ?? '',
    Gateway: gateway(view, 4),
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: lengthOf(view, 4),
    IPv6Gateway: gateway(view, 6),
    GlobalIPv6Address: endpoint?.ipv6 ?? '',
    GlobalIPv6PrefixLen: lengthOf(view, 6),
    ...(version >= 44 && { DNSNames: view.dnsNames }),
    // Docker's answer has nothing of the kind; clients pass over what they do not know.
    ...(warnings.length > 0 && { Warnings: warnings }),
  };
}

/** One entry of `NetworkSettings.Networks`. */
export type WireEndpoint = ReturnType<typeof presentEndpoint>;

/** Null when nothing was asked for, as clients test it. */
function presentIpamConfig(config: EndpointConfig) {
  if (!config.ipv4Address && !config.ipv6Address && !config.linkLocalAddresses) return null;
  return {
    ...(config.ipv4Address && { IPv4Address: config.ipv4Address }),
    ...(config.ipv6Address && { IPv6Address: config.ipv6Address }),
    ...(config.linkLocalAddresses && { LinkLocalIPs: config.linkLocalAddresses }),
  };
}

/** Length of the subnet that an endpoint's address is of; 0 when it has none. */
export function lengthOf({ endpoint, network }: Place, family: 4 | 6): number {
  const address = endpoint && network && addressWithLength(endpoint, network, family);
  return address === undefined ? 0 : prefixLength(address);
}

/** Networks that lead nowhere show no gateway, nor do those whose links need none. */
function gateway({ endpoint, network }: Place, family: 4 | 6): string {
  const type = network?.parent?.type;
  if (network?.internal || (type?.kind === 'ipvlan' && type.mode !== 'l2')) return '';
  const told = endpoint?.lan?.[`ipv${family}`]?.gateway;
  const address = endpoint?.[`ipv${family}`];
  const entry = address && network?.subnets.find(({ subnet }) => prefixContains(subnet, address));
  return told ?? entry?.gateway ?? '';
}

/** An endpoint on its network; either may be missing. */
type Place = Pick<AttachmentView, 'endpoint' | 'network'>;
