import { type IpAddress, tryParseIpAddress } from '@fairlead/base';
import { invalidArgument } from './flag.ts';

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const domain = new RegExp(`^${label}(?:\\.${label})*\\.?$`);

/** The value of `--dns`. @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseServer(text: string): IpAddress {
  const address = tryParseIpAddress(text.trim());
  if (address === undefined) throw invalidArgument({ name: 'dns' }, text, `${text} is not an ip address`);
  return address;
}

/** The value of `--dns-search`; `.` is for none. @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseSearchDomain(text: string): string {
  const name = text.trim();
  // A name without any letter would be an address.
  if (name === '.' || (name.length < 255 && /[a-zA-Z]/.test(name) && domain.test(name))) return name;
  throw invalidArgument({ name: 'dns-search' }, text, `${name} is not a valid domain`);
}
