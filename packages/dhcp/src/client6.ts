import { addressOf } from '@fairlead/base';
import { type Dhcp6Message, decodeDhcp6, dhcp6Type } from './dhcp6-message.ts';
import { readDatagram } from './frame.ts';
import type { ClientIdentity, HostLease, LeaseServer } from './lease.ts';
import { autonomousLease, lease6 } from './lease6.ts';
import type { ClientState, Machine, Step } from './machine.ts';
import { MalformedMessage } from './malformed-message.ts';
import { request6 } from './request6.ts';
import { type Random, retransmission6, timing6 } from './retransmission.ts';
import { type RouterAdvertisement, readAdvertisement, solicitationFrame } from './router-advertisement.ts';

/** `discovering`: the routers are asked; the others are exchanges of RFC 8415, 18.2, by their first message. */
export type Phase6 = 'discovering' | 'soliciting' | 'requesting' | 'bound' | 'renewing' | 'rebinding';

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
}

/**
 * RFC 4861, 10 has three solicitations, four seconds apart. Routers answer within half a second, and somebody waits for his
 * container: on a link without a router that is the sooner found out.
 */
const SOLICITATIONS = 3;
const SOLICITATION_INTERVAL = 1500;
/** So often servers are asked that a router has spoken of, before an address is made without them: for seven seconds. */
const SOLICITS = 3;
/** REQ_MAX_RC (RFC 8415, 7.6). */
const REQUESTS = 10;
/** An address that a router's prefix has made is asked for again so often while nobody answers, in milliseconds. */
const LEAST_REFRESH = 10_000;
const CLIENT_PORT = 546;

/**
 * A client of IPv6 on one interface. The router of the link says how addresses are had: made by the host (RFC 4862), or
 * given by DHCPv6 (RFC 8415). Where there is no router, servers are asked all the same.
 */
export class Client6 implements Machine<State6> {
  readonly #identity: ClientIdentity;
  readonly #random: Random;

  constructor(identity: ClientIdentity, random: Random = Math.random) {
    this.#identity = identity;
    this.#random = random;
  }

  begin(now: number, held?: HostLease): Step<State6> {
    const isGood = held !== undefined && (held.expiresAt ?? Number.POSITIVE_INFINITY) > now;
    return this.#send(this.#fresh('discovering', now, isGood ? held : undefined), now);
  }

  resume(now: number, held: HostLease): Step<State6> {
    return step(this.#bound(now, held));
  }

  wake(state: State6, now: number): Step<State6> {
    const { lease } = state;
    if (isPast(lease?.expiresAt, now)) return { ...this.begin(now), news: 'lost' };
    switch (state.phase) {
      case 'bound':
        return this.#send(this.#fresh('discovering', now, lease), now);
      case 'discovering':
        return state.attempts < SOLICITATIONS ? this.#send(state, now) : this.#ask(state, now);
      case 'requesting':
        return state.attempts < REQUESTS ? this.#send(state, now) : this.begin(now, lease);
      case 'soliciting':
        return this.#solicitAgain(state, now);
      case 'renewing':
        return isPast(lease?.rebindAt, now) ? this.#exchange('rebinding', state, now) : this.#send(state, now);
      default:
        return this.#send(state, now);
    }
  }

  receive(state: State6, frame: Uint8Array, now: number): Step<State6> {
    if (!state.listens) return step(state);
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

  #hear(state: State6, router: RouterAdvertisement, now: number): Step<State6> {
    if (state.phase !== 'discovering') return step({ ...state, router });
    if (!router.managed) {
      const lease = autonomousLease(router, this.#identity.mac, now);
      if (lease !== undefined) return step(this.#bound(now, lease), [], 'leased');
    }
    return this.#ask({ ...state, router }, now);
  }

  /** The routers have said what they have to say. */
  #ask(state: State6, now: number): Step<State6> {
    const { lease } = state;
    if (lease?.source === 'slaac' && state.router?.managed !== true) {
      // Nobody has taken it back.
      const left = (lease.expiresAt ?? Number.POSITIVE_INFINITY) - now;
      return step({ ...this.#bound(now, lease), wakeAt: now + Math.min(left, Math.max(LEAST_REFRESH, left / 2)) });
    }
    if (lease?.server === undefined) return this.#exchange('soliciting', state, now);
    return this.#exchange(isPast(lease.rebindAt, now) ? 'rebinding' : 'renewing', state, now);
  }

  /** Some routers say that addresses are managed where nobody manages them: then a host makes its own, if it may. */
  #solicitAgain(state: State6, now: number): Step<State6> {
    const { router, lease, attempts } = state;
    const mayMake = attempts >= SOLICITS && lease?.source !== 'dhcpv6';
    const own = mayMake && router && autonomousLease(router, this.#identity.mac, now);
    return own ? step(this.#bound(now, own), [], 'leased') : this.#send(state, now);
  }

  #answer(state: State6, message: Dhcp6Message, server: LeaseServer, now: number): Step<State6> {
    const lease = lease6(message, this.#identity.iaid, server, state.router, now);
    if (state.phase === 'soliciting') {
      if (message.type !== dhcp6Type.advertise || lease === undefined) return step(state);
      return this.#exchange('requesting', { ...state, offer: server }, now);
    }
    if (message.type !== dhcp6Type.reply || state.phase === 'discovering') return step(state);
    if (lease !== undefined) return step(this.#bound(now, lease), [], 'leased');
    if (state.phase === 'requesting') return step(state);
    // The server does not know us any more: RFC 8415, 18.2.10.1. The address stays until another one is given, or its time is over.
    return this.#exchange('soliciting', state, now);
  }

  /** Begin to exchange messages with servers. */
  #exchange(phase: Phase6, { lease, router, offer }: State6, now: number): Step<State6> {
    const kept = { ...(router && { router }), ...(phase === 'requesting' && offer && { offer }) };
    return this.#send({ ...this.#fresh(phase, now, lease), ...kept }, now);
  }

  #fresh(phase: Phase6, now: number, lease: HostLease | undefined): State6 {
    const transaction = Math.floor(this.#random() * 0x100_0000);
    return { phase, transaction, began: now, attempts: 0, listens: true, ...(lease && { lease }) };
  }

  #bound(now: number, lease: HostLease): State6 {
    const { renewAt } = lease;
    const wake = renewAt !== undefined && { wakeAt: renewAt };
    return { phase: 'bound', transaction: 0, began: now, attempts: 0, listens: false, lease, ...wake };
  }

  #send(state: State6, now: number): Step<State6> {
    const { phase, lease, offer } = state;
    const next = { ...state, attempts: state.attempts + 1 };
    if (phase === 'discovering') {
      return step({ ...next, wakeAt: now + SOLICITATION_INTERVAL }, [solicitationFrame(this.#identity.mac)]);
    }
    const patience = retransmission6(timings[phase], state.patience, this.#random);
    const until = phase === 'renewing' ? lease?.rebindAt : lease?.expiresAt;
    const wakeAt = Math.min(now + patience, until !== undefined && until > now ? until : Number.POSITIVE_INFINITY);
    const server = phase === 'requesting' ? offer?.identifier : phase === 'renewing' && lease?.server?.identifier;
    const held = lease?.source === 'dhcpv6' && { address: addressOf(lease.address) };
    const request = { type: types[phase], ...held, ...(server && { server }) };
    return step({ ...next, patience, wakeAt }, [request6(this.#identity, request, { ...state, now })]);
  }
}

const types = {
  soliciting: dhcp6Type.solicit,
  requesting: dhcp6Type.request,
  renewing: dhcp6Type.renew,
  rebinding: dhcp6Type.rebind,
  bound: dhcp6Type.renew,
} as const;

const timings = {
  soliciting: timing6.solicit,
  requesting: timing6.request,
  renewing: timing6.renew,
  rebinding: timing6.rebind,
  bound: timing6.renew,
} as const;

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.toHex() === b.toHex();
}

function isPast(time: number | undefined, now: number): boolean {
  return time !== undefined && time <= now;
}

function step(state: State6, frames: readonly Uint8Array[] = [], news?: 'leased' | 'lost'): Step<State6> {
  return { state, frames, ...(news && { news }) };
}
