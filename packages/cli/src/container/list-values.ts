import { isIP } from 'node:net';
import { splitAssignment } from '../command/options.ts';
import { badValue, refusal } from '../command/refusal.ts';

/** Values of options that may be given often; each is refused in docker's words when it cannot be. */

/** `/dev/fuse:/dev/x:rw`. */
export function parseDevice(text: string): Record<string, string> {
  const [host = '', second, third] = text.split(':');
  const isMode = second !== undefined && /^[rwm]+$/.test(second);
  const inside = second === undefined || isMode ? host : second;
  const permissions = (isMode ? second : third) ?? 'rwm';
  if (!/^[rwm]+$/.test(permissions)) throw refusal(`bad mode specified: ${permissions}`);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

/** `c 1:3 mr`. */
export function deviceRule(text: string): string {
  if (/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) return text;
  throw badValue(text, 'device-cgroup-rule', `invalid device cgroup format '${text}'`);
}

/** `net_admin` and `CAP_NET_ADMIN` are the same. */
export function capability(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** The address of a name server. @param option that says it. */
export function nameServer(text: string, option = 'dns'): string {
  if (isIP(text) !== 0) return text;
  throw badValue(text, option, `IP address is not correctly formatted: ${text}`);
}

/** `net.ipv4.ip_forward=1`. */
export function sysctl(text: string): [key: string, value: string] {
  if (text.includes('=')) return splitAssignment(text);
  throw badValue(text, 'sysctl', `sysctl '${text}' is not allowed`);
}
