import { FairleadError, goBooleanError, type IpAddress, parseGoBoolean, tryParseIpAddress } from '@fairlead/base';

/** Beginning of every driver option that Docker has a name of its own for. */
export const PREFIX = 'com.docker.network.';

/** Driver options of a network as they were given: `-o KEY=VALUE`. */
export type Options = Readonly<Record<string, string>>;

/** What the kernel takes as an interface name: dev_valid_name() in net/core/dev.c. */
export function isInterfaceName(name: string): boolean {
  return /^[^\s/:]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** The IP versions that options ask for. */
export function familyOptions(options: Options): { readonly ipv4?: boolean; readonly ipv6?: boolean } {
  const ipv4 = familyOption(options, `${PREFIX}enable_ipv4`);
  const ipv6 = familyOption(options, `${PREFIX}enable_ipv6`);
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}

function familyOption(options: Options, key: string): boolean | undefined {
  const value = parseGoBoolean(options[key] ?? '');
  if (value !== undefined || options[key] === undefined) return value;
  throw new FairleadError('invalid-argument', `driver-opt ${JSON.stringify(key)} is not a valid bool`);
}

/** What the names of interfaces inside containers begin with. */
export function interfacePrefix(options: Options): string {
  return options[`${PREFIX}container_iface_prefix`] || 'eth';
}

/** Go's strconv.ParseBool, whose words Docker's users know. @throws FairleadError `invalid-argument` */
export function booleanOption(options: Options, key: string): boolean | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  const value = parseGoBoolean(text);
  if (value !== undefined) return value;
  throw unreadable(key, text, goBooleanError(text));
}

/**
 * The MTU in bytes that is asked for, zero for none in particular.
 *
 * @throws FairleadError `invalid-argument` for what no link can have.
 */
export function mtuOption(options: Options): number | undefined {
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

/** An address, of one family if that is given. @throws FairleadError `invalid-argument` */
export function addressOption(options: Options, key: string, family?: 4 | 6): IpAddress | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  const address = tryParseIpAddress(text);
  if (address === undefined) throw unreadable(key, text, 'nil ip');
  if (family !== undefined && address.includes(':') !== (family === 6)) {
    throw unreadable(key, text, `not an IPv${family} address`);
  }
  return address;
}

/** The error for a value that cannot be read, in Docker's words (parseErr in its libnetwork/drivers/bridge). */
export function unreadable(key: string, value: string, reason: string): FairleadError {
  return new FairleadError('invalid-argument', `failed to parse ${key} value: ${value} (${reason})`);
}
