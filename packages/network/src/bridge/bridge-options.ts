import {
  FairleadError,
  familyOf,
  type IpAddress,
  messageOf,
  type PortPolicy,
  parseIpAddress,
  parsePortPolicy,
} from '@fairlead/base';
import type { ByFamily, GatewayMode } from '@fairlead/firewall';
import {
  addressOption,
  booleanOption,
  familyOptions,
  interfacePrefix,
  isInterfaceName,
  mtuOption,
  type Options,
  PREFIX,
  unreadable,
} from '../network-option.ts';

/** Host addresses of published ports that name none, of either family or one of each. */
export const BINDING_OPTION = 'com.fairlead.ports.binding';

/** Driver options of a bridge network that have a meaning; unknown ones are stored and ignored, as Docker does. */
export interface BridgeOptions {
  readonly bridgeName?: string;
  readonly masquerade: boolean;
  /** Bytes. */
  readonly mtu?: number;
  readonly hostBinding?: IpAddress;
  /** Goes before `hostBinding`. */
  readonly hostBindings?: readonly IpAddress[];
  readonly interfacePrefix: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly gatewayModes: ByFamily<GatewayMode>;
  readonly icc: boolean;
  readonly trustedInterfaces: readonly string[];
  readonly sources: ByFamily<IpAddress>;
  readonly inhibitIpv4: boolean;
  readonly portPolicy?: PortPolicy;
}

/**
 * Read the `-o` options of a bridge network.
 *
 * @throws FairleadError `invalid-argument` for a value that cannot be read.
 */
export function parseBridgeOptions(options: Options): BridgeOptions {
  const mtu = mtuOption(options);
  const hostBinding = addressOption(options, `${PREFIX}bridge.host_binding_ipv4`);
  const hostBindings = hostBindingsOption(options);
  const bridgeName = bridgeNameOption(options);
  const portPolicy = portPolicyOption(options);
  // Docker's mark of its own default network: nobody's to set, and read all the same.
  booleanOption(options, `${PREFIX}bridge.default_bridge`);
  return {
    masquerade: booleanOption(options, `${PREFIX}bridge.enable_ip_masquerade`) ?? true,
    interfacePrefix: interfacePrefix(options),
    gatewayModes: gatewayModes(options),
    icc: booleanOption(options, `${PREFIX}bridge.enable_icc`) ?? true,
    trustedInterfaces: (options[`${PREFIX}bridge.trusted_host_interfaces`] ?? '').split(':').filter(Boolean),
    sources: sourceAddresses(options),
    inhibitIpv4: booleanOption(options, `${PREFIX}bridge.inhibit_ipv4`) ?? false,
    ...(bridgeName && { bridgeName }),
    ...(mtu && { mtu }),
    ...(hostBinding && { hostBinding }),
    ...(hostBindings && { hostBindings }),
    ...(portPolicy && { portPolicy }),
    ...familyOptions(options),
  };
}

function bridgeNameOption(options: Options): string | undefined {
  const name = options[`${PREFIX}bridge.name`];
  if (!name || isInterfaceName(name)) return name;
  throw new FairleadError('invalid-argument', `invalid bridge name: ${name}`);
}

/** An option of our own, for Docker's has room for one address. */
function hostBindingsOption(options: Options): readonly IpAddress[] | undefined {
  const text = options[BINDING_OPTION];
  if (!text) return undefined;
  try {
    return parseHostBindings(text);
  } catch (error) {
    throw unreadable(BINDING_OPTION, text, messageOf(error));
  }
}

/**
 * Read the host addresses of ports that name none: `127.0.0.1`, or one of each family, `127.0.0.1,::1`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parseHostBindings(text: string): readonly IpAddress[] {
  const addresses = text.split(',').map((word) => parseIpAddress(word.trim()));
  if (new Set(addresses.map(familyOf)).size === addresses.length) return addresses;
  throw new FairleadError('invalid-argument', 'more than one address of a family');
}

/** An option of our own, spelled as the labels of containers are. */
function portPolicyOption(options: Options): PortPolicy | undefined {
  const [sources, interfaces] = [options['com.fairlead.ports.sources'], options['com.fairlead.ports.interfaces']];
  return sources === undefined && interfaces === undefined ? undefined : parsePortPolicy(sources, interfaces);
}

function gatewayModes(options: Options): ByFamily<GatewayMode> {
  const ipv4 = gatewayModeOption(options, `${PREFIX}bridge.gateway_mode_ipv4`);
  const ipv6 = gatewayModeOption(options, `${PREFIX}bridge.gateway_mode_ipv6`);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

function gatewayModeOption(options: Options, key: string): GatewayMode | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  if (text === 'nat' || text === 'nat-unprotected' || text === 'routed' || text === 'isolated') return text;
  throw unreadable(key, text, `unknown gateway mode ${text}`);
}

function sourceAddresses(options: Options): ByFamily<IpAddress> {
  const ipv4 = addressOption(options, `${PREFIX}host_ipv4`, 4);
  const ipv6 = addressOption(options, `${PREFIX}host_ipv6`, 6);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}
