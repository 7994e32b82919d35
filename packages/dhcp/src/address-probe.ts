import { familyOf, type IpAddress, isUnspecified, type MacAddress, parseIpAddress } from '@fairlead/base';
import { questionFrame, readNeighborFrame } from '@fairlead/base/neighbor-frame';

const NOBODY = { 4: parseIpAddress('0.0.0.0'), 6: parseIpAddress('::') } as const;

/**
 * The frame that asks a link whether somebody has an address, in nobody's name, so that nobody remembers who asked: an ARP
 * probe (RFC 5227, 2.1.1), or a neighbour solicitation from the unspecified address (RFC 4862, 5.4.2).
 */
export function probeFrame(address: IpAddress, mac: MacAddress): Uint8Array {
  return questionFrame({ mac, source: NOBODY[familyOf(address)], target: address });
}

/**
 * Who shows by a frame that an address is his, or that he is about to take it (RFC 5227, 2.1.1; RFC 4862, 5.4.3 and
 * 5.4.4); `undefined` for every other frame, and for our own.
 *
 * @param mac whose own frames mean nothing: a switch may send them back.
 */
export function claimantOf(frame: Uint8Array, address: IpAddress, mac: MacAddress): MacAddress | undefined {
  const statement = statementOf(frame, address);
  return statement?.mac === mac ? undefined : statement?.mac;
}

/**
 * Who shows by a frame that he uses an address (RFC 5227, 2.4; RFC 4861, 7.2.4); who only asks whether he may is answered
 * by the kernel that has it, and is `undefined` as every other frame is.
 */
export function userOf(frame: Uint8Array, address: IpAddress): MacAddress | undefined {
  const statement = statementOf(frame, address);
  return statement?.isProbe === false ? statement.mac : undefined;
}

/** What a frame says about an address. */
interface Statement {
  readonly mac: MacAddress;
  /** True of one who is about to take it, and asks whether he may. */
  readonly isProbe: boolean;
}

function statementOf(frame: Uint8Array, address: IpAddress): Statement | undefined {
  const said = readNeighborFrame(frame);
  if (said === undefined) return undefined;
  const { family, kind, source, target, mac } = said;
  const isProbe = kind === 'question' && isUnspecified(source) && target === address;
  // Of ARP whoever speaks says what he has; who solicits by neighbour discovery may be told of by an answer only.
  const isUse = family === 4 ? source === address : kind === 'answer' && target === address;
  return isProbe || isUse ? { mac, isProbe } : undefined;
}

/** PROBE_NUM of RFC 5227, 1.1: a frame may be lost. */
export const PROBES = 3;

/**
 * Milliseconds that a link is listened to before an address is used, unless the caller says otherwise. Hosts of a LAN answer
 * within a few. RFC 5227 would have four to seven seconds, RFC 4862 one; RFC 4429 uses an address while it is asked about.
 */
export const DEFAULT_PROBE = 200;

/** DEFEND_INTERVAL of RFC 5227, 1.1, in milliseconds: whoever uses our address twice within it does not give way. */
export const DEFEND_INTERVAL = 10_000;

/**
 * Milliseconds until another address is asked for after so many in a row were another's: ten seconds (RFC 2131, 3.1.5), none
 * after the first, since somebody waits, and a minute after the tenth (MAX_CONFLICTS, RATE_LIMIT_INTERVAL of RFC 5227).
 */
export function conflictPause(conflicts: number): number {
  if (conflicts <= 1) return 0;
  return conflicts <= 10 ? 10_000 : 60_000;
}
