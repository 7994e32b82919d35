import { FairleadError, type IpAddress, tryParseIpAddress } from '@fairlead/base';
import type { ByFamily, GatewayMode } from '@fairlead/firewall';

const PREFIX = 'com.docker.network.';

type Options = Readonly<Record<string, string>>;

/** Driver options of a bridge network that have a meaning; unknown ones are stored and ignored, as Docker does. */
export interface BridgeOptions {
  readonly bridgeName?: string;
  readonly masquerade: boolean;
  /** Bytes. */
  readonly mtu?: number;
  readonly hostBinding?: IpAddress;
  readonly interfacePrefix: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly gatewayModes: ByFamily<GatewayMode>;
  readonly icc: boolean;
  readonly trustedInterfaces: readonly string[];
  readonly sources: ByFamily<IpAddress>;
  readonly inhibitIpv4: boolean;
}

/**
 * Read the `-o` options of a bridge network.
 *
 * @throws FairleadError `invalid-argument` for a value that cannot be read.
 */
export function parseBridgeOptions(options: Options): BridgeOptions {
  const mtu = mtuOption(options);
  const hostBinding = addressOption(options, `${PREFIX}bridge.host_binding_ipv4`);
  const ipv4 = booleanOption(options, `${PREFIX}enable_ipv4`);
  const ipv6 = booleanOption(options, `${PREFIX}enable_ipv6`);
  const bridgeName = bridgeNameOption(options);
  return {
    masquerade: booleanOption(options, `${PREFIX}bridge.enable_ip_masquerade`) ?? true,
    interfacePrefix: options[`${PREFIX}container_iface_prefix`] || 'eth',
    gatewayModes: gatewayModes(options),
    icc: booleanOption(options, `${PREFIX}bridge.enable_icc`) ?? true,
    trustedInterfaces: (options[`${PREFIX}bridge.trusted_host_interfaces`] ?? '').split(':').filter(Boolean),
    sources: sourceAddresses(options),
    inhibitIpv4: booleanOption(options, `${PREFIX}bridge.inhibit_ipv4`) ?? false,
    ...(bridgeName && { bridgeName }),
    ...(mtu && { mtu }),
    ...(hostBinding && { hostBinding }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  };
}

/** What the kernel takes as an interface name: dev_valid_name() in net/core/dev.c. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

function bridgeNameOption(options: Options): string | undefined {
  const name = options[`${PREFIX}bridge.name`];
  if (!name || isInterfaceName(name)) return name;
  throw new FairleadError('invalid-argument', `invalid bridge name: ${name}`);
}

function gatewayModes(options: Options): ByFamily<GatewayMode> {
  const ipv4 = gatewayModeOption(options, `${PREFIX}bridge.gateway_mode_ipv4`);
  const ipv6 = gatewayModeOption(options, `${PREFIX}bridge.gateway_mode_ipv6`);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

function gatewayModeOption(options: Options, key: string): GatewayMode | undefined {
  const text = options[key];
  if (!text) return undefined;
  if (text === 'nat' || text === 'nat-unprotected' || text === 'routed' || text === 'isolated') return text;
  throw unreadable(key, text, `unknown gateway mode ${text}`);
}

function sourceAddresses(options: Options): ByFamily<IpAddress> {
  const ipv4 = addressOption(options, `${PREFIX}host_ipv4`, 4);
  const ipv6 = addressOption(options, `${PREFIX}host_ipv6`, 6);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

/** Go's strconv.ParseBool, whose words Docker's users know. */
function booleanOption(options: Options, key: string): boolean | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw unreadable(key, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function mtuOption(options: Options): number | undefined {
  const key = `${PREFIX}driver.mtu`;
  const text = options[key];
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    throw unreadable(key, text, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  const mtu = Number(text);
  // The kernel's bounds for a bridge: ETH_MIN_MTU and ETH_MAX_MTU (include/uapi/linux/if_ether.h).
  if (mtu < 0 || mtu > 65_535 || (mtu > 0 && mtu < 68)) {
    throw new FairleadError('invalid-argument', `invalid MTU number: ${mtu}`);
  }
  return mtu;
}

function addressOption(options: Options, key: string, family?: 4 | 6): IpAddress | undefined {
  const text = options[key];
  if (text === undefined || text === '') return undefined;
  const address = tryParseIpAddress(text);
  if (address === undefined) throw unreadable(key, text, 'invalid IP address');
  if (family !== undefined && address.includes(':') !== (family === 6)) {
    throw unreadable(key, text, `not an IPv${family} address`);
  }
  return address;
}

function unreadable(key: string, value: string, reason: string): FairleadError {
  return new FairleadError('invalid-argument', `failed to parse ${key} value: ${JSON.stringify(value)} (${reason})`);
}
