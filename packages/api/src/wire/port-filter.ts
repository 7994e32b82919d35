import { FairleadError } from '@fairlead/base';

/** Ports that a list of containers is asked for. */
export interface PortFilter {
  /** Any word: no container has ports of a protocol that there is not. */
  readonly protocol: string;
  includes(port: number): boolean;
}

/**
 * Read `80`, `80/udp` or `8000-8010/tcp`.
 *
 * @throws FairleadError `invalid-argument` in the words of moby (`portOp` in its daemon/list.go), whose own status is 500.
 */
export function portFilter(key: 'publish' | 'expose', text: string): PortFilter {
  if (text.includes(':')) throw fault(`filter for '${key}' should not contain ':': ${text}`);
  const [range = '', protocol = ''] = text.split('/');
  const looking = `error while looking up for ${key} ${text}`;
  if (range === '') throw fault(`${looking}: empty string specified for ports`);
  const [first = 0, last = first] = range.split('-').map((port) => portNumber(port, looking));
  if (last < first) throw fault(`${looking}: invalid range specified for port: ${range}`);
  return { protocol: protocol.toLowerCase() || 'tcp', includes: (port) => port >= first && port <= last };
}

function portNumber(text: string, looking: string): number {
  const isNumber = /^\d+$/.test(text);
  if (isNumber && Number(text) <= 65_535) return Number(text);
  const reason = isNumber ? 'value out of range' : 'invalid syntax';
  throw fault(`${looking}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${reason}`);
}

function fault(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
