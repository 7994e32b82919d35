import { FairleadError } from '@fairlead/base';
import type { Network } from '../model.ts';
import { type Options, PREFIX } from '../network-option.ts';

/** How often the addresses of a new endpoint are announced. */
export interface AnnouncementPlan {
  readonly count: number;
  /** Milliseconds from one to the next. */
  readonly interval: number;
}

const COUNT = `${PREFIX}advertise_addr_nmsgs`;
const INTERVAL = `${PREFIX}advertise_addr_ms`;

/**
 * Read the options about announcements, which networks of every driver may have.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function announcementOptions(options: Options): AnnouncementPlan {
  return {
    count: inRange(COUNT, options[COUNT], { first: 0, last: 3, unit: 'an integer' }) ?? 3,
    interval: inRange(INTERVAL, options[INTERVAL], { first: 100, last: 2000, unit: 'integer milliseconds' }) ?? 1000,
  };
}

/** How endpoints of a network are announced: not where nobody listens for Ethernet addresses (ipvlan in layer 3). */
export function announcementPlan({ options, parent }: Pick<Network, 'options' | 'parent'>): AnnouncementPlan {
  const silent = parent?.type.kind === 'ipvlan' && parent.type.mode !== 'l2';
  return silent ? { count: 0, interval: 0 } : announcementOptions(options);
}

function inRange(
  key: string,
  text: string | undefined,
  { first, last, unit }: { readonly first: number; readonly last: number; readonly unit: string },
): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) {
    throw new FairleadError('invalid-argument', `value for option ${key} ${JSON.stringify(text)} must be ${unit}`);
  }
  const value = Number(text);
  if (value >= first && value <= last) return value;
  throw new FairleadError('invalid-argument', `${key} must be in the range ${first} to ${last}`);
}
