import type { Conflict, ConflictOutcome } from '@fairlead/dhcp';
import type { Endpoint } from '../model.ts';
import type { Claim } from '../watch/claim.ts';
import type { Contest } from './lan-model.ts';

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

/** What the journal tells of another machine that uses an address which a LAN has given to a container. */
export function contestClaim(
  { address, mac }: Conflict,
  outcome: ConflictOutcome,
  { container, network }: { readonly container: string; readonly network: string },
): Claim {
  const what = outcome === 'declined' ? 'has' : 'uses';
  const whose = outcome === 'declined' ? `which was given to ${container}` : `the address of ${container}`;
  return {
    machine: mac,
    name: `${what} ${address}, ${whose} on network ${network}`,
    details: [consequences[outcome], 'find the machine and give it another address, or keep this one out of the pool'],
  };
}

const consequences: Readonly<Record<ConflictOutcome, string>> = {
  declined: 'the address is declined at its server, and another one is asked for',
  defended: 'it is told whose the address is',
  'given-up': 'it does not give way: the container gives the address up, and another one is asked for',
};
