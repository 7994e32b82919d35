import { FairleadError } from '@fairlead/base';
import type { ChildType } from '@fairlead/drivers';
import { familyOptions, interfacePrefix, mtuOption, type Options } from '../network-option.ts';

/** Drivers whose containers hang on an interface of the host. */
export type ParentDriver = 'macvlan' | 'ipvlan';

/** Driver options of a macvlan or ipvlan network that have a meaning; unknown ones are stored and ignored. */
export interface ParentOptions {
  /** Interface of the host; absent means one of the network's own that leads nowhere. */
  readonly parent?: string;
  readonly type: ChildType;
  readonly interfacePrefix: string;
  /** Bytes; absent means the parent's. */
  readonly mtu?: number;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/**
 * Read the `-o` options of a macvlan or ipvlan network.
 *
 * @throws FairleadError `invalid-argument` in Docker's words for a value that cannot be.
 */
export function parseParentOptions(driver: ParentDriver, options: Options): ParentOptions {
  const type = driver === 'macvlan' ? macvlanType(options) : ipvlanType(options);
  const { parent } = options;
  if (parent === 'lo') throw invalid(`loopback interface is not a valid ${driver} parent link`);
  const mtu = mtuOption(options);
  return {
    type,
    interfacePrefix: interfacePrefix(options),
    ...(parent && { parent }),
    ...(mtu && { mtu }),
    ...familyOptions(options),
  };
}

function macvlanType({ macvlan_mode: mode = '' }: Options): ChildType {
  switch (mode) {
    case '':
      return { kind: 'macvlan', mode: 'bridge' };
    case 'bridge':
    case 'private':
    case 'vepa':
    case 'passthru':
      return { kind: 'macvlan', mode };
    default:
      throw invalid(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
  }
}

function ipvlanType({ ipvlan_mode: mode = '', ipvlan_flag: flag = '' }: Options): ChildType {
  if (mode !== '' && mode !== 'l2' && mode !== 'l3' && mode !== 'l3s') {
    throw invalid(`requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`);
  }
  if (flag !== '' && flag !== 'bridge' && flag !== 'private' && flag !== 'vepa') {
    throw invalid(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
  }
  return { kind: 'ipvlan', mode: mode || 'l2', flag: flag || 'bridge' };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
