import { FairleadError, type IpAddress, tryParseIpAddress } from '@fairlead/base';

/** One end of a trace as it was asked for. */
export interface PlaceSpec {
  /** Name of a container, `host`, `outside`, a host name; absent for an address. */
  readonly name?: string;
  readonly address?: IpAddress;
  readonly port?: number;
}

/**
 * Read `web`, `web:80`, `192.0.2.1:80`, `[2001:db8::1]:80`, `2001:db8::1`, `host`, `outside`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parsePlaceSpec(text: string): PlaceSpec {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) {
    const address = tryParseIpAddress(bracketed[1] ?? '');
    if (address === undefined) throw invalid(text);
    return { address, ...portOf(bracketed[2], text) };
  }
  const whole = tryParseIpAddress(text);
  if (whole !== undefined) return { address: whole };
  const parts = /^([A-Za-z0-9][\w.-]*)(?::(\d+))?$/.exec(text);
  if (parts === null) throw invalid(text);
  const [, name = '', port] = parts;
  const address = tryParseIpAddress(name);
  return { ...(address === undefined ? { name } : { address }), ...portOf(port, text) };
}

function portOf(digits: string | undefined, text: string): { readonly port?: number } {
  if (digits === undefined) return {};
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) throw invalid(text);
  return { port };
}

function invalid(text: string): FairleadError {
  const forms = 'a container, host, outside, an address or a host name, with :PORT where it is the destination';
  return new FairleadError('invalid-argument', `invalid place "${text}": expected ${forms}`);
}
