import { FairleadError } from '@fairlead/base';
import type { Bandwidth } from '@fairlead/drivers';
import type { EndpointConfig, Network } from '../model.ts';
import { type Options, unreadable } from '../network-option.ts';

/** Options of endpoints, and of networks for all endpoints that do not say otherwise. */
const keys = { in: 'com.fairlead.bandwidth.in', out: 'com.fairlead.bandwidth.out' } as const;
const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
/** Bits a second: slower than that a single packet waits for seconds. */
const SLOWEST = 8000;
/** Bytes a second have 32 bits (struct tc_ratespec). */
const FASTEST = 8 * 0xffff_ffff;

/**
 * What options say of the bandwidth: `10mbit`, `1.5gbit`; `none` takes the network's limit away.
 *
 * @throws FairleadError `invalid-argument` for a text that is none.
 */
export function bandwidthOptions(options: Options): { readonly [way in keyof typeof keys]?: number | 'none' } {
  const read = (key: string) => {
    const text = options[key];
    return text === undefined || text === '' ? undefined : parseBandwidth(key, text);
  };
  const [inward, outward] = [read(keys.in), read(keys.out)];
  return { ...(inward !== undefined && { in: inward }), ...(outward !== undefined && { out: outward }) };
}

/** How fast an endpoint may be: by its own options, else by its network's. */
export function bandwidthOf(network: Pick<Network, 'options'>, config: EndpointConfig): Bandwidth {
  const wanted = { ...bandwidthOptions(network.options), ...bandwidthOptions(config.driverOptions ?? {}) };
  return {
    ...(typeof wanted.in === 'number' && { in: wanted.in }),
    ...(typeof wanted.out === 'number' && { out: wanted.out }),
  };
}

/** The options of an endpoint with other limits; what is absent stays. */
export function withBandwidth(
  options: Options | undefined,
  change: { readonly in?: string; readonly out?: string },
): Options {
  return {
    ...options,
    ...(change.in !== undefined && { [keys.in]: change.in }),
    ...(change.out !== undefined && { [keys.out]: change.out }),
  };
}

/** Links on a parent have no outer end whose queue what they receive would pass. @throws FairleadError */
export function requireLimitable({ driver, parent, name }: Network, { in: inward }: Bandwidth): void {
  if (parent === undefined || inward === undefined) return;
  const reason = `what containers receive on a ${driver} network comes by no queue of the host`;
  throw new FairleadError('invalid-argument', `${keys.in} cannot be had on network ${name}: ${reason}`);
}

function parseBandwidth(key: string, text: string): number | 'none' {
  if (text === 'none') return 'none';
  const match = /^(\d+(?:\.\d+)?)([kmg]?)bit$/i.exec(text);
  const bits = Number(match?.[1]) * (units[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  if (bits >= SLOWEST && bits <= FASTEST) return Math.round(bits / 8);
  throw unreadable(key, text, 'expected none, or 8kbit to 34gbit: a number and bit, kbit, mbit or gbit');
}
