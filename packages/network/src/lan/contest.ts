import type { Contest, Endpoint } from '../model.ts';

/** So long after another machine was heard to use an address it is spoken of, in milliseconds. */
const RECENT = 3_600_000;

/**
 * What there is to say of other machines that use, or have used within the last hour, the addresses of an endpoint on a LAN;
 * a sentence for each.
 *
 * @param now milliseconds since the epoch.
 */
export function contestTexts(
  { ownerName, contests }: Pick<Endpoint, 'ownerName' | 'contests'>,
  now = Date.now(),
): string[] {
  const known = [contests?.ipv4, contests?.ipv6].filter((contest) => contest !== undefined);
  return known.filter(({ at }) => now - at <= RECENT).map((contest) => textOf(contest, ownerName));
}

function textOf({ address, mac, outcome, at }: Contest, name: string): string {
  const time = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const consequence =
    outcome === 'defended'
      ? 'it was told whose the address is'
      : 'it did not give way, so the container has given the address up and asked for another one';
  return `Another machine (${mac}) of the LAN used ${address}, the address of ${name}, at ${time}: ${consequence}.`;
}
