import { ByteReader } from '@fairlead/base';
import { Attributes } from './attribute.ts';
import { type ErrnoName, errnoName, errnoText } from './errno.ts';
import { headerLength, type Message, messageFlag } from './message.ts';

/** NLMSGERR_ATTR_MSG and NLMSGERR_ATTR_OFFS (include/uapi/linux/netlink.h). */
const ATTR_MESSAGE = 1;
const ATTR_OFFSET = 2;

/** What the kernel answered to one request that asked for an acknowledgement. */
export interface Acknowledgement {
  /** Undefined when the request was carried out. */
  readonly errno?: ErrnoName;
  /** The kernel's own words about an error, or its warning. */
  readonly extack?: string;
  /** Where in the request the attribute is that the kernel did not like. */
  readonly offset?: number;
}

/** A netlink request that the kernel refused. */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  /** What was asked for, in the words of ip(8) and nft(8): `add link fl-web`. */
  readonly operation: string;
  readonly errno: ErrnoName;
  /** The kernel's own words, where it has any. */
  readonly extack: string | undefined;
  /** Offset in the request of the attribute that the kernel did not like. */
  readonly offset: number | undefined;

  constructor(operation: string, errno: ErrnoName, details: { extack?: string; offset?: number } = {}) {
    const words = details.extack === undefined ? '' : `: ${details.extack}`;
    super(`${operation}: ${errnoText(errno)} (${errno})${words}`);
    this.operation = operation;
    this.errno = errno;
    this.extack = details.extack;
    this.offset = details.offset;
  }
}

/** True when `error` is a refusal with one of these error numbers. */
export function hasErrno(error: unknown, ...names: readonly ErrnoName[]): error is NetlinkError {
  return error instanceof NetlinkError && names.includes(error.errno);
}

/** Read an NLMSG_ERROR, which is also what an acknowledgement is; and an NLMSG_DONE, which may carry an error as well. */
export function decodeAcknowledgement({ body, flags }: Message, quotesRequest = true): Acknowledgement {
  const reader = new ByteReader(body);
  if (reader.remaining < 4) return {};
  const number = reader.i32();
  const errno = number === 0 ? {} : { errno: errnoName(number) };
  if ((flags & messageFlag.extended) === 0) return errno;
  if (quotesRequest) skipRequest(reader, (flags & messageFlag.capped) !== 0);
  const attributes = new Attributes(reader.bytes());
  const extack = attributes.text(ATTR_MESSAGE);
  const offset = attributes.u32(ATTR_OFFSET);
  return { ...errno, ...(extack === undefined ? {} : { extack }), ...(offset === undefined ? {} : { offset }) };
}

/** The request that failed is quoted in full, its header only when NETLINK_CAP_ACK is set (af_netlink.c, netlink_ack). */
function skipRequest(reader: ByteReader, capped: boolean): void {
  const length = reader.u32();
  reader.skip(headerLength - 4);
  if (!capped) reader.skip(((length + 3) & ~3) - headerLength);
}
