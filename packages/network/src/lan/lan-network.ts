import { FairleadError } from '@fairlead/base';
import type { BridgeOptions } from '../bridge/bridge-options.ts';
import type { Network } from '../model.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { ParentOptions } from '../parent/parent-options.ts';

/** IPAM driver of networks whose containers are hosts of somebody else's LAN. */
export const LAN_IPAM = 'dhcp';

/** IPAM option: how long a container waits for the servers of its LAN. */
const TIMEOUT = 'com.fairlead.dhcp.timeout';
const DEFAULT_TIMEOUT_SECONDS = 20;

/** IPAM option: how long a container listens whether somebody else has what it was given. */
const PROBE = 'com.fairlead.dhcp.probe';

type IpamOptions = NonNullable<NetworkRequest['ipam']>['options'];

/** True for a network on which containers get their addresses from the LAN that it is a part of (`--ipam-driver dhcp`). */
export function isLan({ ipamDriver }: Pick<Network, 'ipamDriver'>): boolean {
  return ipamDriver === LAN_IPAM;
}

/** Interface of the host by which the LAN is reached. */
export function uplinkOf({ parent, bridge }: Pick<Network, 'parent' | 'bridge'>): string | undefined {
  return parent?.name ?? bridge?.name;
}

/**
 * Milliseconds that a container waits for an address before its start is given up.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function lanTimeout(options: IpamOptions): number {
  return 1000 * (numberIn(options, TIMEOUT, 'seconds', [1, 300]) ?? DEFAULT_TIMEOUT_SECONDS);
}

/**
 * Milliseconds that a link is asked whether somebody has an address before a container uses it; 0 uses it at once, and
 * `undefined` leaves it to the client.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function lanProbe(options: IpamOptions): number | undefined {
  return numberIn(options, PROBE, 'milliseconds', [0, 10_000]);
}

function numberIn(
  options: IpamOptions,
  name: string,
  unit: string,
  [least, greatest]: readonly [number, number],
): number | undefined {
  const text = options?.[name];
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number >= least && number <= greatest) return number;
  const form = `must be a number of ${unit} from ${least} to ${greatest}`;
  throw invalid(`value for option ${name} ${JSON.stringify(text)} ${form}`);
}

/**
 * Check that a network of a LAN asks for nothing that only its own LAN's servers can say.
 *
 * @throws FairleadError `invalid-argument` in the words in which Docker refuses it of the driver `null`.
 */
export function requireNoPools({ ipam }: NetworkRequest): void {
  lanTimeout(ipam?.options);
  lanProbe(ipam?.options);
  for (const { subnet, range, gateway, auxiliary = {} } of ipam?.config ?? []) {
    if (subnet || range) refuse(subnet ? 'pool' : 'subpool');
    if (gateway || Object.keys(auxiliary).length > 0) refuse('gateway or auxiliary address');
  }
}

function refuse(what: string): never {
  throw invalid(`${LAN_IPAM} ipam driver does not handle specific address ${what.replace('address ', '')} requests`);
}

/**
 * Check that the containers on a parent can be hosts of a LAN: there is one, and each has a hardware address of its own.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function requireLanParent({ parent, type }: ParentOptions): void {
  if (parent === undefined) throw invalid(`${LAN_IPAM} ipam driver requires a parent interface (-o parent=...)`);
  if (type.kind === 'macvlan' && type.mode !== 'passthru') return;
  const what = type.kind === 'ipvlan' ? 'the driver ipvlan' : 'macvlan mode passthru';
  throw invalid(`${LAN_IPAM} ipam driver does not work with ${what}: containers have no hardware address of their own`);
}

/**
 * Check that a bridge is one that somebody has put a LAN's interface into, and that nothing is asked for that only a network
 * of our own has.
 *
 * @param foreign what the bridge is, when it is not ours.
 * @throws FairleadError `invalid-argument`.
 */
export function requireLanBridge(
  { internal }: NetworkRequest,
  { bridgeName, gatewayModes }: BridgeOptions,
  foreign: 'bridge' | 'other' | undefined,
): void {
  const option = 'com.docker.network.bridge.name';
  if (bridgeName === undefined || foreign !== 'bridge') {
    throw invalid(`${LAN_IPAM} ipam driver requires an existing bridge of the host (-o ${option}=...)`);
  }
  if (internal === true) throw invalid(`${LAN_IPAM} ipam driver cannot be used for an internal bridge network`);
  if (Object.keys(gatewayModes).length === 0) return;
  throw invalid(`${LAN_IPAM} ipam driver cannot be used with a gateway mode: the gateway is the LAN's`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
