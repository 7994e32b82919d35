import { createHash } from 'node:crypto';
import {
  addressOf,
  type InterfaceAddress,
  type IpAddress,
  networkOf,
  parseInterfaceAddress,
  parsePrefix,
} from '@fairlead/base';
import { readHostResolvConf } from '@fairlead/engine';
import { hostTables } from '@fairlead/firewall';
import { parseSubnetSources, subnetSources } from '@fairlead/ipam';
import type { IpamRequest, NetworkSettings } from '@fairlead/network';
import { isOfDockerd } from './default-bridge-name.ts';
import type { DaemonOptions } from './options.ts';

/** Where the engine for the machine itself keeps its run-time files; only that one uses the plain prefix. */
const MAIN_EXEC_ROOT = '/run/fairlead';

/** What the kernel can do of what we would like. */
export interface KernelFeatures {
  /** Tables that belong to a process and outlive it (Linux 6.9). */
  readonly protectedTables: boolean;
  /** Handing packets to a socket of ours (nft_tproxy): published ports are relayed by it. */
  readonly transparentProxying: boolean;
  /** Numbers that connections draw (meta random): services are balanced by them. */
  readonly drawnNumbers: boolean;
  /** Chains that see what comes in by one interface (NETFILTER_INGRESS): answers to questions for names are changed there. */
  readonly ingressHooks: boolean;
}

/** What decides beside the operator. */
export interface Surroundings {
  readonly engineId: string;
  readonly kernel: KernelFeatures;
  /** Name of the default bridge. */
  readonly defaultBridge: string;
}

/** What the operator's choices mean for the network model. */
export function networkSettings(
  options: DaemonOptions,
  { engineId, kernel, defaultBridge }: Surroundings,
): NetworkSettings {
  const { bridge } = options;
  return {
    sources: subnetSources(parseSubnetSources([...options.addressPools]), engineId),
    mtu: options.mtu,
    namespacePrefix: namespacePrefix(options.execRoot),
    hostTables: hostTables({
      protected: kernel.protectedTables,
      relay: kernel.transparentProxying,
      mesh: kernel.drawnNumbers,
    }),
    ingress: kernel.ingressHooks,
    hostResolvConf: () => readHostResolvConf().text,
    defaultOptions: options.networkOptions,
    forwarding: options.ipForward,
    isShared: isOfDockerd,
    ...(defaultBridge !== 'none' && {
      defaultBridge: {
        bridge: defaultBridge,
        ipv6: bridge.ipv6,
        masquerade: bridge.masquerade,
        icc: bridge.icc,
        config: bridgeConfig(options),
        ...(bridge.hostBindings && { hostBindings: bridge.hostBindings }),
      },
    }),
  };
}

/** Namespaces are pinned in one directory for the whole machine: engines beside each other have to tell theirs apart. */
export function namespacePrefix(execRoot: string): string {
  if (execRoot === MAIN_EXEC_ROOT) return 'fl-';
  return `fl${createHash('sha256').update(execRoot).digest('hex').slice(0, 6)}-`;
}

function bridgeConfig({ bridge }: DaemonOptions): IpamRequest[] {
  return [
    ...(bridge.address
      ? [subnetOf(parseInterfaceAddress(bridge.address), bridge.range, { DefaultGatewayIPv4: bridge.gateway })]
      : []),
    ...(bridge.address6 && bridge.ipv6
      ? [subnetOf(parseInterfaceAddress(bridge.address6), bridge.range6, { DefaultGatewayIPv6: bridge.gateway6 })]
      : []),
  ];
}

/** `--bip` names the bridge's own address: it is the gateway of its network. */
function subnetOf(
  address: InterfaceAddress,
  range: string | undefined,
  routers: Readonly<Record<string, IpAddress | undefined>>,
): IpamRequest {
  const auxiliary = Object.fromEntries(
    Object.entries(routers).flatMap(([name, router]) => (router ? [[name, router]] : [])),
  );
  return {
    subnet: networkOf(address),
    gateway: addressOf(address),
    ...(range && { range: parsePrefix(range) }),
    ...(Object.keys(auxiliary).length > 0 && { auxiliary }),
  };
}
