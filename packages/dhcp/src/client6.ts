import { addressOf, type IpAddress } from '@fairlead/base';
import { claimantOf, conflictPause, DEFAULT_PROBE, PROBES, probeFrame } from './address-probe.ts';
import { readDatagram } from './datagram.ts';
import { type Dhcp6Message, decodeDhcp6, dhcp6Type } from './dhcp6-message.ts';
import { type Exchange, exchange6 } from './exchange6.ts';
import { type ClientIdentity, type HostLease, isGood, isPast, type LeaseServer } from './lease.ts';
import { autonomousLease, type Information, lease6 } from './lease6.ts';
import { type ClientManners, type ClientState, type Machine, type Step, step } from './machine.ts';
import { MalformedMessage } from './malformed-message.ts';
import { request6 } from './request6.ts';
import { type Random, retransmission6 } from './retransmission.ts';
import { type RouterAdvertisement, readAdvertisement, solicitationFrame } from './router-advertisement.ts';

/**
 * `discovering`: the routers are asked; `probing`: the link is asked who has the address; the others are exchanges of
 * RFC 8415, 18.2, by their first message.
 */
export type Phase6 = 'discovering' | 'probing' | 'bound' | Exchange;

/** Where a client of IPv6 is. */
export interface State6 extends ClientState {
  readonly phase: Phase6;
  readonly transaction: number;
  /** When the exchange began. */
  readonly began: number;
  /** How often the message of this phase was sent. */
  readonly attempts: number;
  /** What was waited for the last time, in milliseconds. */
  readonly patience?: number;
  /** What the router of the link has said. */
  readonly router?: RouterAdvertisement;
  /** The server whose offer is taken, in `requesting`. */
  readonly offer?: LeaseServer;
  /** What servers say beside addresses, where the router says that they are to be asked. */
  readonly information?: Information;
  /** What is to be had, and is not used yet, in `probing`; what is given back as another's, in `declining`. */
  readonly candidate?: HostLease;
  /** True when the address of the lease is in use: it is prolonged. False when it was, before the link came up again. */
  readonly isUsed: boolean;
  /** How many addresses in a row were another's. */
  readonly conflicts: number;
}

/** What stays of a state when something else begins. */
type Kept = Pick<State6, 'lease' | 'isUsed' | 'conflicts'>;

/**
 * RFC 4861, 10 has three solicitations, four seconds apart. Routers answer within half a second, and somebody waits for his
 * container: on a link without a router that is the sooner found out.
 */
const SOLICITATIONS = 3;
const SOLICITATION_INTERVAL = 1500;
/** So often servers are asked that a router has spoken of, before an address is made without them: for seven seconds. */
const SOLICITS = 3;
/** REQ_MAX_RC and DEC_MAX_RC (RFC 8415, 7.6). */
const REQUESTS = 10;
const DECLINES = 4;
/** So often servers are asked for name servers, before a container is started without them: for three seconds. */
const INFORMS = 2;
/**
 * Milliseconds after which the routers of a host that has made its address are asked again when none has answered: half of
 * what is left of the address's time, within these.
 */
const LEAST_REFRESH = 10_000;
const GREATEST_REFRESH = 3_600_000;
const CLIENT_PORT = 546;

/**
 * A client of IPv6 on one interface. The router of the link says how addresses are had: made by the host (RFC 4862), or
 * given by DHCPv6 (RFC 8415). Where there is no router, servers are asked all the same.
 */
export class Client6 implements Machine<State6> {
  readonly #identity: ClientIdentity;
  readonly #random: Random;
  readonly #probe: number;

  constructor(identity: ClientIdentity, { random = Math.random, probe = DEFAULT_PROBE }: ClientManners = {}) {
    this.#identity = identity;
    this.#random = random;
    this.#probe = probe;
  }

  begin(now: number, held?: HostLease): Step<State6> {
    const kept = { ...(isGood(held, now) && { lease: held }), isUsed: false, conflicts: 0 };
    return this.#send(this.#fresh('discovering', now, kept), now);
  }

  resume(now: number, held: HostLease): Step<State6> {
    return step(this.#bound(now, held));
  }

  wake(state: State6, now: number): Step<State6> {
    const { lease } = state;
    if (isPast(lease?.expiresAt, now)) return { ...this.begin(now), news: 'lost' };
    switch (state.phase) {
      case 'bound':
        return this.#discover(state, now);
      case 'discovering':
        return state.attempts < SOLICITATIONS ? this.#send(state, now) : this.#ask(state, now);
      case 'requesting':
        return state.attempts < REQUESTS ? this.#send(state, now) : this.#discover(state, now);
      case 'soliciting':
        return this.#solicitAgain(state, now);
      case 'informing':
        return state.attempts < INFORMS ? this.#send(state, now) : this.#makeOwn(state, now);
      case 'probing':
        return this.#goOnProbing(state, now);
      case 'declining':
        return state.attempts < DECLINES ? this.#send(state, now) : this.#rest(state, now);
      case 'renewing':
        return isPast(lease?.rebindAt, now) ? this.#exchange('rebinding', state, now) : this.#send(state, now);
      default:
        return this.#send(state, now);
    }
  }

  receive(state: State6, frame: Uint8Array, now: number): Step<State6> {
    if (!state.listens) return step(state);
    if (state.phase === 'probing') return this.#hearClaim(state, frame, now);
    const router = readAdvertisement(frame);
    if (router !== undefined) return this.#hear(state, router, now);
    const datagram = readDatagram(frame);
    if (datagram?.destinationPort !== CLIENT_PORT) return step(state);
    try {
      const message = decodeDhcp6(datagram.payload);
      const isOurs = message.transaction === state.transaction && isSame(message.client, this.#identity.duid);
      if (!isOurs || message.server === undefined) return step(state);
      return this.#answer(state, message, { identifier: message.server.toHex(), mac: datagram.sourceMac }, now);
    } catch (error) {
      if (error instanceof MalformedMessage) return step(state);
      throw error;
    }
  }

  inUse({ isUsed, lease }: State6): IpAddress | undefined {
    return isUsed && lease !== undefined ? addressOf(lease.address) : undefined;
  }

  cease(state: State6, now: number): Step<State6> {
    const { lease, ...rest } = state;
    if (lease === undefined) return step(state);
    return { ...this.#reject({ ...rest, isUsed: false }, lease, now), news: 'lost' };
  }

  /** The routers are asked again, while what is held is kept. */
  #discover(state: State6, now: number): Step<State6> {
    return this.#send(this.#fresh('discovering', now, state), now);
  }

  #hear(state: State6, router: RouterAdvertisement, now: number): Step<State6> {
    if (state.phase !== 'discovering') return step({ ...state, router });
    const next = { ...state, router };
    if (router.managed || this.#ownLease(next, now) === undefined) return this.#ask(next, now);
    return router.otherwise ? this.#exchange('informing', next, now) : this.#makeOwn(next, now);
  }

  /** The routers have said what they have to say. */
  #ask(state: State6, now: number): Step<State6> {
    const { lease } = state;
    if (lease?.source === 'slaac' && state.router?.managed !== true) {
      // Nobody has taken it back; where it was not in use the link is asked about it.
      const left = (lease.expiresAt ?? Number.POSITIVE_INFINITY) - now;
      const refresh = Math.min(left, Math.max(LEAST_REFRESH, left / 2), GREATEST_REFRESH);
      const kept = { ...lease, renewAt: now + refresh };
      return state.isUsed ? step(this.#bound(now, kept)) : this.#given(state, kept, now);
    }
    if (lease?.server === undefined) return this.#exchange('soliciting', state, now);
    return this.#exchange(isPast(lease.rebindAt, now) ? 'rebinding' : 'renewing', state, now);
  }

  /** Some routers say that addresses are managed where nobody manages them: then a host makes its own, if it may. */
  #solicitAgain(state: State6, now: number): Step<State6> {
    const mayMake = state.attempts >= SOLICITS && state.lease?.source !== 'dhcpv6';
    return mayMake && this.#ownLease(state, now) ? this.#makeOwn(state, now) : this.#send(state, now);
  }

  /** What the router lets us make, with what servers say beside it. */
  #ownLease({ router, ...known }: State6, now: number): HostLease | undefined {
    return router && autonomousLease(router, this.#identity, known, now);
  }

  #makeOwn(state: State6, now: number): Step<State6> {
    const lease = this.#ownLease(state, now);
    return lease === undefined ? this.#discover(state, now) : this.#given(state, lease, now);
  }

  /** What is in use is prolonged; about everything else the link is asked first (RFC 4862, 5.4). */
  #given(state: State6, candidate: HostLease, now: number): Step<State6> {
    const isUsed = state.isUsed && state.lease && addressOf(state.lease.address) === addressOf(candidate.address);
    if (isUsed || this.#probe === 0) return step(this.#bound(now, candidate), [], 'leased');
    return this.#goOnProbing({ ...state, phase: 'probing', attempts: 0, candidate }, now);
  }

  #goOnProbing(state: State6, now: number): Step<State6> {
    const { candidate, attempts } = state;
    if (candidate === undefined) return this.#discover(state, now);
    if (attempts >= PROBES) return step(this.#bound(now, candidate, state.conflicts), [], 'leased');
    const next = { ...state, attempts: attempts + 1, wakeAt: now + Math.ceil(this.#probe / PROBES) };
    return step(next, [probeFrame(addressOf(candidate.address), this.#identity.mac)]);
  }

  /** Somebody says something while the link is asked who has an address. */
  #hearClaim(state: State6, frame: Uint8Array, now: number): Step<State6> {
    const { candidate, lease, ...rest } = state;
    if (candidate === undefined) return step(state);
    const address = addressOf(candidate.address);
    const mac = claimantOf(frame, address, this.#identity.mac);
    if (mac === undefined) return step(state);
    const kept = lease !== undefined && addressOf(lease.address) !== address && { lease };
    return { ...this.#reject({ ...rest, ...kept }, candidate, now), conflict: { address, mac } };
  }

  /** What is to be had is another's: who gave it is told. */
  #reject(state: State6, taken: HostLease, now: number): Step<State6> {
    const next = { ...state, candidate: taken, conflicts: state.conflicts + 1 };
    return taken.source === 'dhcpv6' ? this.#exchange('declining', next, now) : this.#rest(next, now);
  }

  /** After an address that was another's; what gave it is asked again, in a while. */
  #rest(state: State6, now: number): Step<State6> {
    const { router, candidate, conflicts } = state;
    const phase = candidate?.source === 'dhcpv6' ? 'soliciting' : 'discovering';
    const wakeAt = now + conflictPause(conflicts);
    return step({ ...this.#fresh(phase, now, state), ...(router && { router }), wakeAt });
  }

  #answer(state: State6, message: Dhcp6Message, server: LeaseServer, now: number): Step<State6> {
    if (state.phase === 'informing' || state.phase === 'declining') return this.#conclude(state, message, now);
    const lease = lease6(message, this.#identity.iaid, server, state, now);
    if (state.phase === 'soliciting') {
      if (message.type !== dhcp6Type.advertise || lease === undefined) return step(state);
      return this.#exchange('requesting', { ...state, offer: server }, now);
    }
    if (message.type !== dhcp6Type.reply || state.phase === 'discovering') return step(state);
    if (lease !== undefined) return this.#given(state, lease, now);
    if (state.phase === 'requesting') return step(state);
    // The server does not know us any more: RFC 8415, 18.2.10.1. The address stays until another one is given, or its time
    // is over.
    return this.#exchange('soliciting', state, now);
  }

  /** An exchange that ends with whatever a server says. */
  #conclude(state: State6, message: Dhcp6Message, now: number): Step<State6> {
    if (message.type !== dhcp6Type.reply) return step(state);
    return state.phase === 'declining'
      ? this.#rest(state, now)
      : this.#makeOwn({ ...state, information: message }, now);
  }

  /** Begin to exchange messages with servers. */
  #exchange(phase: Exchange, state: State6, now: number): Step<State6> {
    const { router, offer, candidate } = state;
    const kept = {
      ...(router && { router }),
      ...(phase === 'requesting' && offer && { offer }),
      ...(phase === 'declining' && candidate && { candidate }),
    };
    return this.#send({ ...this.#fresh(phase, now, state), ...kept }, now);
  }

  #fresh(phase: Phase6, now: number, { lease, isUsed, conflicts }: Kept): State6 {
    const transaction = Math.floor(this.#random() * 0x100_0000);
    const kept = { isUsed, conflicts, ...(lease && { lease }) };
    return { phase, transaction, began: now, attempts: 0, listens: true, ...kept };
  }

  /** @param conflicts they count until a lease is prolonged: what a host makes of itself is another one each time. */
  #bound(now: number, lease: HostLease, conflicts = 0): State6 {
    const { renewAt } = lease;
    const wake = renewAt !== undefined && { wakeAt: renewAt };
    const used = { isUsed: true, conflicts, lease };
    return { phase: 'bound', transaction: 0, began: now, attempts: 0, listens: false, ...used, ...wake };
  }

  #send(state: State6, now: number): Step<State6> {
    const { phase, lease } = state;
    const next = { ...state, attempts: state.attempts + 1 };
    if (phase === 'discovering' || phase === 'probing' || phase === 'bound') {
      return step({ ...next, wakeAt: now + SOLICITATION_INTERVAL }, [solicitationFrame(this.#identity.mac)]);
    }
    const { request, timing } = exchange6(phase, state);
    const patience = retransmission6(timing, state.patience, this.#random);
    const until = phase === 'renewing' ? lease?.rebindAt : lease?.expiresAt;
    const wakeAt = Math.min(now + patience, until !== undefined && until > now ? until : Number.POSITIVE_INFINITY);
    return step({ ...next, patience, wakeAt }, [request6(this.#identity, request, { ...state, now })]);
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.toHex() === b.toHex();
}
