import { addressOf, type IpAddress, isUnspecified, parseIpAddress } from '@fairlead/base';
import { claimantOf, conflictPause, DEFAULT_PROBE, PROBES, probeFrame } from './address-probe.ts';
import { readDatagram } from './datagram.ts';
import { type Dhcp4Message, decodeDhcp4 } from './dhcp4-message.ts';
import { addressesIn, dhcp4Option, dhcp4Type, typeOf4 } from './dhcp4-option.ts';
import { type ClientIdentity, type HostLease, isGood, isPast, type LeaseServer } from './lease.ts';
import { lease4 } from './lease4.ts';
import { type ClientManners, type ClientState, type Machine, type Step, step } from './machine.ts';
import { MalformedMessage } from './malformed-message.ts';
import { decline4, request4 } from './request4.ts';
import { type Random, renewal4, retransmission4 } from './retransmission.ts';

/** The states of RFC 2131, 4.4 (figure 5); INIT is passed at once, and before BOUND the link is asked who has the address. */
export type Phase4 = 'rebooting' | 'selecting' | 'requesting' | 'probing' | 'bound' | 'renewing' | 'rebinding';

/** Where a client of DHCPv4 is. */
export interface State4 extends ClientState {
  readonly phase: Phase4;
  readonly transaction: number;
  /** When the exchange began. */
  readonly began: number;
  /** How often the message of this phase was sent. */
  readonly attempts: number;
  /** What was offered, in `requesting`. */
  readonly offer?: Offer;
  /** What was given, and is not used yet, in `probing`. */
  readonly candidate?: HostLease;
  /** How many addresses in a row were another's. */
  readonly conflicts: number;
}

interface Offer {
  readonly address: IpAddress;
  readonly server: LeaseServer;
}

/** The host has the address of the lease in these. */
const inUsePhases: ReadonlySet<Phase4> = new Set(['bound', 'renewing', 'rebinding']);
/** So often the former address is asked for, and so often an offered one. */
const REBOOT_ATTEMPTS = 2;
const REQUEST_ATTEMPTS = 4;
/** After a refusal of what was just offered, so that two that do not agree do not fill the wire. */
const REFUSAL_PAUSE = 1000;
const CLIENT_PORT = 68;

/** A client of DHCPv4 (RFC 2131) on one interface. */
export class Client4 implements Machine<State4> {
  readonly #identity: ClientIdentity;
  readonly #random: Random;
  readonly #probe: number;

  constructor(identity: ClientIdentity, { random = Math.random, probe = DEFAULT_PROBE }: ClientManners = {}) {
    this.#identity = identity;
    this.#random = random;
    this.#probe = probe;
  }

  begin(now: number, held?: HostLease): Step<State4> {
    return isGood(held, now) ? this.#send(this.#fresh('rebooting', now, held), now) : this.#select(now, held);
  }

  resume(now: number, held: HostLease): Step<State4> {
    return step(this.#bound(now, held));
  }

  wake(state: State4, now: number): Step<State4> {
    switch (state.phase) {
      case 'bound':
        if (isPast(state.lease?.expiresAt, now)) return this.#lose(now);
        return this.#send(this.#fresh('renewing', now, state.lease), now);
      case 'rebooting':
        return state.attempts < REBOOT_ATTEMPTS ? this.#send(state, now) : this.#select(now, state.lease);
      case 'selecting':
        return this.#send(state, now);
      case 'requesting':
        return state.attempts < REQUEST_ATTEMPTS ? this.#send(state, now) : this.#select(now, state.lease);
      case 'probing':
        return this.#goOnProbing(state, now);
      case 'renewing':
        return this.#send(isPast(state.lease?.rebindAt, now) ? { ...state, phase: 'rebinding' } : state, now);
      case 'rebinding':
        return isPast(state.lease?.expiresAt, now) ? this.#lose(now) : this.#send(state, now);
    }
  }

  receive(state: State4, frame: Uint8Array, now: number): Step<State4> {
    if (state.phase === 'probing') return this.#hear(state, frame, now);
    const datagram = state.listens ? readDatagram(frame) : undefined;
    if (datagram?.destinationPort !== CLIENT_PORT) return step(state);
    try {
      const message = decodeDhcp4(datagram.payload);
      const isOurs = message.transaction === state.transaction && message.mac === this.#identity.mac;
      if (message.kind !== 'reply' || !isOurs) return step(state);
      const [server = datagram.source] = addressesIn(message.options, dhcp4Option.server);
      return this.#answer(state, message, { identifier: server, mac: datagram.sourceMac }, now);
    } catch (error) {
      if (error instanceof MalformedMessage) return step(state);
      throw error;
    }
  }

  inUse({ phase, lease }: State4): IpAddress | undefined {
    return lease !== undefined && inUsePhases.has(phase) ? addressOf(lease.address) : undefined;
  }

  cease(state: State4, now: number): Step<State4> {
    return state.lease === undefined ? step(state) : { ...this.#decline(state, state.lease, now), news: 'lost' };
  }

  #answer(state: State4, message: Dhcp4Message, server: LeaseServer, now: number): Step<State4> {
    const type = typeOf4(message.options);
    if (state.phase === 'selecting') {
      if (type !== dhcp4Type.offer || !message.options.has(dhcp4Option.server)) return step(state);
      if (isUnspecified(message.yourAddress)) return step(state);
      const offer = { address: message.yourAddress, server };
      return this.#send({ ...state, phase: 'requesting', attempts: 0, offer }, now);
    }
    if (state.phase === 'requesting' && state.offer?.server.identifier !== server.identifier) return step(state);
    if (type === dhcp4Type.acknowledge) {
      const lease = lease4(message, server, now);
      return lease === undefined ? step(state) : this.#given(state, lease, now);
    }
    return type === dhcp4Type.refuse ? this.#refused(state, now) : step(state);
  }

  /** What is prolonged is in use; about everything else the link is asked first (RFC 2131, 3.1.5). */
  #given(state: State4, candidate: HostLease, now: number): Step<State4> {
    if (inUsePhases.has(state.phase) || this.#probe === 0) return step(this.#bound(now, candidate), [], 'leased');
    return this.#goOnProbing({ ...state, phase: 'probing', attempts: 0, candidate }, now);
  }

  #goOnProbing(state: State4, now: number): Step<State4> {
    const { candidate, attempts } = state;
    if (candidate === undefined) return this.#select(now, state.lease);
    if (attempts >= PROBES) return step(this.#bound(now, candidate, state.conflicts), [], 'leased');
    const next = { ...state, attempts: attempts + 1, wakeAt: now + Math.ceil(this.#probe / PROBES) };
    return step(next, [probeFrame(addressOf(candidate.address), this.#identity.mac)]);
  }

  /** Somebody says something while the link is asked who has an address. */
  #hear(state: State4, frame: Uint8Array, now: number): Step<State4> {
    const { candidate, lease } = state;
    if (candidate === undefined) return step(state);
    const address = addressOf(candidate.address);
    const mac = claimantOf(frame, address, this.#identity.mac);
    if (mac === undefined) return step(state);
    const kept = lease?.address === candidate.address ? undefined : lease;
    return { ...this.#decline(state, candidate, now, kept), conflict: { address, mac } };
  }

  /** What was given is another's: its server is told, and in a while somebody is asked for another one. */
  #decline(state: State4, taken: HostLease, now: number, kept?: HostLease): Step<State4> {
    const conflicts = state.conflicts + 1;
    const next = { ...this.#fresh('selecting', now, kept), conflicts, wakeAt: now + conflictPause(conflicts) };
    return step(next, [decline4(this.#identity, taken, state.transaction)]);
  }

  /** What was held is another's now, or of another network. */
  #refused(state: State4, now: number): Step<State4> {
    if (state.phase === 'requesting') {
      return step({ ...this.#fresh('selecting', now), wakeAt: now + REFUSAL_PAUSE });
    }
    return state.phase === 'rebooting' ? this.#select(now) : this.#lose(now);
  }

  #lose(now: number): Step<State4> {
    return { ...this.#select(now), news: 'lost' };
  }

  /** @param hint what was held before, and is asked for again. */
  #select(now: number, hint?: HostLease): Step<State4> {
    return this.#send(this.#fresh('selecting', now, hint), now);
  }

  #fresh(phase: Phase4, now: number, lease?: HostLease): State4 {
    const transaction = Math.floor(this.#random() * 0x1_0000_0000);
    return { phase, transaction, began: now, attempts: 0, conflicts: 0, listens: true, ...(lease && { lease }) };
  }

  /** @param conflicts they count until a lease is prolonged, so that the addresses of a LAN are not used up. */
  #bound(now: number, lease: HostLease, conflicts = 0): State4 {
    const { renewAt } = lease;
    const wake = renewAt !== undefined && { wakeAt: renewAt };
    return { phase: 'bound', transaction: 0, began: now, attempts: 0, conflicts, listens: false, lease, ...wake };
  }

  #send(state: State4, now: number): Step<State4> {
    const attempts = state.attempts + 1;
    const next = { ...state, attempts, wakeAt: now + this.#patience(state, attempts, now) };
    return step(next, [request4(this.#identity, message4(state), { ...state, now })]);
  }

  #patience({ phase, lease }: State4, attempts: number, now: number): number {
    const until = phase === 'renewing' ? lease?.rebindAt : lease?.expiresAt;
    if ((phase !== 'renewing' && phase !== 'rebinding') || until === undefined) {
      return retransmission4(attempts, this.#random);
    }
    return Math.max(0, Math.min(renewal4(until - now), until - now));
  }
}

/** What is asked in a phase, and of whom. */
function message4({ phase, lease, offer }: State4) {
  const held = lease && addressOf(lease.address);
  switch (phase) {
    case 'selecting':
      return { type: dhcp4Type.discover, ...(held && { requested: held }) };
    case 'requesting':
      return { type: dhcp4Type.request, ...(offer && { requested: offer.address, chosen: offer.server.identifier }) };
    case 'rebooting':
      return { type: dhcp4Type.request, ...(held && { requested: held }) };
    case 'renewing': {
      const to = lease?.server && { address: parseIpAddress(lease.server.identifier), mac: lease.server.mac };
      return { type: dhcp4Type.request, ...(held && { client: held }), ...(to && { to }) };
    }
    default:
      return { type: dhcp4Type.request, ...(held && { client: held }) };
  }
}
