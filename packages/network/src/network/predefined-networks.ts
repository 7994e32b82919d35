import { newIdentifier } from '@fairlead/base';
import type { Network } from '../model.ts';

/** Names that cannot be given to a network. */
export const predefinedNetworks: readonly string[] = ['bridge', 'host', 'none', 'default'];

/** The networks `host` and `none`: names for "the machine's own" and "nothing". */
export function fixedNetwork(name: 'host' | 'none'): Network {
  return {
    id: newIdentifier(),
    name,
    driver: name === 'host' ? 'host' : 'null',
    scope: 'local',
    created: Date.now(),
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamDriver: 'default',
    ipamOptions: null,
    subnets: [],
  };
}
