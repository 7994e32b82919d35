import { FairleadError, tryParseIpAddress } from '@fairlead/base';

/**
 * Read an `--add-host`: `name=address` or `name:address`, IPv6 with or without brackets, `host-gateway` for the host
 * (docker/cli, opts/hosts.go).
 *
 * @returns as the Docker API has it: `name:address`.
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function extraHost(text: string): string {
  const [, name, given = ''] = /^([^=:]+)[=:](.*)$/.exec(text) ?? [];
  if (name === undefined) throw invalid(`bad format for add-host: "${text}"`);
  const address = given.replace(/^\[(.+)\]$/, '$1');
  if (address !== 'host-gateway' && tryParseIpAddress(address) === undefined) {
    throw invalid(`invalid IP address in add-host: "${address}"`);
  }
  return `${name}:${address}`;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
