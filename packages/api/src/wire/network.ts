import { createHash } from 'node:crypto';
import type { Endpoint, IpamRequest, Network, NetworkRequest, SubnetUsage } from '@fairlead/engine';
import * as v from 'valibot';
import type { ApiVersion } from '../http/api-version.ts';
import { endpointSettingsSchema, lengthOf } from './endpoint-settings.ts';
import { goBoolean, goObject, goOptionalMap, goString, goStringMap } from './go-json.ts';
import { jsonInteger } from './json-integer.ts';
import { timeText } from './time.ts';

/** The body of `POST /networks/create`. */
export const networkCreateSchema = goObject({
  Name: goString,
  Driver: goString,
  Scope: goString,
  EnableIPv4: v.optional(v.boolean()),
  EnableIPv6: v.optional(v.boolean()),
  IPAM: v.optional(
    goObject({
      Driver: goString,
      Options: goOptionalMap,
      Config: v.optional(
        v.array(goObject({ Subnet: goString, IPRange: goString, Gateway: goString, AuxiliaryAddresses: goStringMap })),
        [],
      ),
    }),
  ),
  Internal: goBoolean,
  Attachable: goBoolean,
  Ingress: goBoolean,
  ConfigOnly: goBoolean,
  ConfigFrom: v.optional(goObject({ Network: goString })),
  Options: goStringMap,
  Labels: goStringMap,
});

/** The body of `POST /networks/{id}/connect`. */
export const connectSchema = goObject({
  Container: goString,
  EndpointConfig: v.optional(endpointSettingsSchema),
});

/** The body of `POST /networks/{id}/disconnect`. */
export const disconnectSchema = goObject({ Container: goString, Force: goBoolean });

/** What a client asks for, as the engine takes it; the network model checks it. */
export function parseNetworkCreate(
  wire: v.InferOutput<typeof networkCreateSchema>,
  version: ApiVersion,
): NetworkRequest {
  return {
    name: wire.Name,
    ...(wire.Driver !== '' && { driver: wire.Driver }),
    ...(wire.Scope !== '' && { scope: wire.Scope }),
    // Older clients cannot mean it: the field did not exist.
    ...(wire.EnableIPv4 !== undefined && version >= 48 && { ipv4: wire.EnableIPv4 }),
    ...(wire.EnableIPv6 !== undefined && { ipv6: wire.EnableIPv6 }),
    internal: wire.Internal,
    attachable: wire.Attachable,
    ...(wire.Ingress && { ingress: true }),
    configOnly: wire.ConfigOnly,
    ...(wire.ConfigFrom !== undefined && wire.ConfigFrom.Network !== '' && { configFrom: wire.ConfigFrom.Network }),
    options: wire.Options,
    labels: wire.Labels,
    ...(wire.IPAM !== undefined && { ipam: parseIpam(wire.IPAM) }),
  };
}

function parseIpam(
  ipam: NonNullable<v.InferOutput<typeof networkCreateSchema>['IPAM']>,
): NonNullable<NetworkRequest['ipam']> {
  return {
    ...(ipam.Driver !== '' && { driver: ipam.Driver }),
    options: ipam.Options ?? null,
    config: ipam.Config.map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
      ...(Subnet !== '' && { subnet: Subnet }),
      ...(IPRange !== '' && { range: IPRange }),
      ...(Gateway !== '' && { gateway: Gateway }),
      ...(Object.keys(AuxiliaryAddresses).length > 0 && { auxiliary: AuxiliaryAddresses }),
    })),
  };
}

/** A network in the list; `inspect` adds who is on it. */
export function presentNetwork(network: Network, version: ApiVersion) {
  return {
    Name: network.name,
    Id: network.id,
    Created: timeText(network.created),
    Scope: network.scope,
    Driver: network.driver,
    ...(version >= 48 && { EnableIPv4: network.ipv4 }),
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: network.ipamDriver,
      Options: network.ipamOptions,
      Config: poolsOf(network).map(({ subnet, range, gateway, auxiliary }) => ({
        Subnet: subnet,
        ...(range !== undefined && { IPRange: range }),
        ...(gateway !== undefined && { Gateway: gateway }),
        ...(auxiliary !== undefined && { AuxiliaryAddresses: auxiliary }),
      })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: network.ingress === true,
    ConfigFrom: { Network: network.configFrom ?? '' },
    ConfigOnly: network.template !== undefined,
    Options: network.options,
    Labels: network.labels,
  };
}

/** What a network has, or what others get from it; where nobody gives addresses Docker shows all of them. */
function poolsOf({ ipamDriver, ipv4, ipv6, subnets, template }: Network): readonly IpamRequest[] {
  if (template !== undefined) return template.ipam?.config ?? [];
  if (ipamDriver !== 'null') return subnets;
  return [...(ipv4 ? [{ subnet: '0.0.0.0/0' }] : []), ...(ipv6 ? [{ subnet: '::/0' }] : [])];
}

/** A network in the list. */
export type WireNetwork = ReturnType<typeof presentNetwork>;

/** The answer to `GET /networks/{id}`. */
export function presentNetworkWithContainers(network: Network, endpoints: readonly Endpoint[], version: ApiVersion) {
  const { Options, Labels, ...head } = presentNetwork(network, version);
  // Of a swarm's network that nobody of this machine is on, dockerd knows what the swarm does.
  const isFar = network.scope === 'swarm' && network.ingress !== true && endpoints.length === 0;
  if (isFar) return { ...head, Containers: null, Options, Labels: Object.keys(Labels).length > 0 ? Labels : null };
  return { ...head, Containers: presentContainers(network, endpoints), Options, Labels };
}

/** Digits of the name that a node has among its peers. */
const PEER_DIGITS = 12;

/** A node that has somebody on an overlay network; its name there is made of its id, and no other. */
export function presentPeer(id: string, address: string) {
  return { Name: createHash('sha256').update(id).digest('hex').slice(0, PEER_DIGITS), IP: address };
}

/** Docker has it since 1.52: the newest version that is spoken here shows it. */
const STATUS_VERSION = 51;
/** What Docker counts in (uint64); a subnet of IPv6 has more addresses than that. */
const MOST = 2n ** 64n - 1n;

/** `Status` of an inspected network: how much of each of its subnets is used. */
export function presentStatus(usage: readonly SubnetUsage[], version: ApiVersion) {
  if (version < STATUS_VERSION || usage.length === 0) return {};
  const count = (value: bigint) => jsonInteger(value > MOST ? MOST : value);
  const subnets = usage.map(({ subnet, inUse, available }) => [
    subnet,
    { IPsInUse: count(inUse), DynamicIPsAvailable: count(available) },
  ]);
  return { Status: { IPAM: { Subnets: Object.fromEntries(subnets) } } };
}

function presentContainers(network: Network, endpoints: readonly Endpoint[]) {
  return Object.fromEntries(
    endpoints.map((endpoint) => [
      endpoint.owner === '' ? `ep-${endpoint.id}` : endpoint.owner,
      {
        Name: endpoint.ownerName,
        EndpointID: endpoint.id,
        MacAddress: endpoint.mac ?? '',
        IPv4Address: withLength(endpoint.ipv4, lengthOf({ endpoint, network }, 4)),
        IPv6Address: withLength(endpoint.ipv6, lengthOf({ endpoint, network }, 6)),
      },
    ]),
  );
}

function withLength(address: string | undefined, length: number): string {
  return address === undefined ? '' : `${address}/${length}`;
}
