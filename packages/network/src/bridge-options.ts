import { FairleadError, type IpAddress, tryParseIpAddress } from '@fairlead/base';

const PREFIX = 'com.docker.network.';

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
}

/**
 * Read the `-o` options of a bridge network.
 *
 * @throws FairleadError `invalid-argument` for a value that cannot be read.
 */
export function parseBridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const masquerade = booleanOption(options, `${PREFIX}bridge.enable_ip_masquerade`);
  const mtu = mtuOption(options);
  const binding = addressOption(options, `${PREFIX}bridge.host_binding_ipv4`);
  const ipv4 = booleanOption(options, `${PREFIX}enable_ipv4`);
  const ipv6 = booleanOption(options, `${PREFIX}enable_ipv6`);
  const bridgeName = options[`${PREFIX}bridge.name`];
  if (bridgeName !== undefined && !isInterfaceName(bridgeName)) {
    throw new FairleadError('invalid-argument', `invalid bridge name: ${bridgeName}`);
  }
  return {
    masquerade: masquerade ?? true,
    interfacePrefix: options[`${PREFIX}container_iface_prefix`] || 'eth',
    ...(bridgeName && { bridgeName }),
    ...(mtu && { mtu }),
    ...(binding && { hostBinding: binding }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  };
}

/** What the kernel takes as an interface name: dev_valid_name() in net/core/dev.c. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** Go's strconv.ParseBool, whose words Docker's users know. */
function booleanOption(options: Readonly<Record<string, string>>, key: string): boolean | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw unreadable(key, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function mtuOption(options: Readonly<Record<string, string>>): number | undefined {
  const key = `${PREFIX}driver.mtu`;
  const text = options[key];
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text)) throw unreadable(key, text, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const mtu = Number(text);
  if (mtu < 0) throw new FairleadError('invalid-argument', `invalid MTU number: ${mtu}`);
  // The kernel's bounds for a bridge: ETH_MIN_MTU and ETH_MAX_MTU (include/uapi/linux/if_ether.h).
  if (mtu > 65_535 || (mtu > 0 && mtu < 68)) throw new FairleadError('invalid-argument', `invalid MTU number: ${mtu}`);
  return mtu;
}

function addressOption(options: Readonly<Record<string, string>>, key: string): IpAddress | undefined {
  const text = options[key];
  if (text === undefined || text === '') return undefined;
  const address = tryParseIpAddress(text);
  if (address === undefined) throw unreadable(key, text, `invalid IP address`);
  return address;
}

function unreadable(key: string, value: string, reason: string): FairleadError {
  return new FairleadError('invalid-argument', `failed to parse ${key} value: ${JSON.stringify(value)} (${reason})`);
}
