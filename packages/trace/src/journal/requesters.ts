import { type Message, routeMessage } from '@fairlead/netlink';
import { type RequesterRecord, requesterField } from '../program/requester-record.ts';

/** Notifications in a row that are waited for: what is beyond has been lost on the way. */
const CAPACITY = 2000;
const HEADER_LENGTH = 16;

/** In whose name notifications were sent: told apart from them, in nearly the same order, and known by how they begin. */
export class Requesters {
  readonly #waiting: { readonly key: string; readonly record: RequesterRecord }[] = [];

  /** A notification is on its way. */
  note(record: RequesterRecord): void {
    if (this.#waiting.length >= CAPACITY) this.#waiting.shift();
    this.#waiting.push({ key: keyOf(record.beginning), record });
  }

  /** It has come: who it was; `undefined` where nobody has told. */
  take(message: Message): RequesterRecord | undefined {
    const key = keyOf(beginningOf(message));
    const at = this.#waiting.findIndex((each) => each.key === key);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0]?.record;
  }

  /** Notifications were lost. */
  forget(): void {
    this.#waiting.length = 0;
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The bytes with which a message begins (struct nlmsghdr). */
function beginningOf({ type, flags, sequence, port = 0, body }: Message): Uint8Array {
  const { length } = requesterField.beginning;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_LENGTH + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  bytes.set(body.subarray(0, length - HEADER_LENGTH), HEADER_LENGTH);
  return bytes;
}

const IPV4 = 2;
/** Changes that only a process makes, for they are made with a lock that one sleeps for (rtnl_lock). */
const changes: ReadonlySet<number> = new Set([
  routeMessage.newLink,
  routeMessage.deleteLink,
  routeMessage.deleteAddress,
]);

/**
 * True when a notification was sent in the name of the process that did what it tells: the one that asked for it, or one that
 * changes interfaces or what belongs to IPv4. What else IPv6 does without a request may be done for a packet that has come, in
 * the name of whoever just runs.
 */
export function isAskedFor({ type, port = 0, body }: Message): boolean {
  return port !== 0 || changes.has(type) || body[0] === IPV4;
}
