import {
  FairleadError,
  type Family,
  familyOf,
  type IpAddress,
  type Logger,
  type MacAddress,
  messageOf,
} from '@fairlead/base';
import {
  Client4,
  Client6,
  type Conflict,
  type ConflictOutcome,
  clientIdentity,
  type HostLease,
  isGood,
  LeaseSession,
  release4,
  release6,
  type State4,
  type State6,
} from '@fairlead/dhcp';
import type { Endpoint, Network } from '../model.ts';
import type { Joined } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import type { Claim } from '../watch/claim.ts';
import { contestClaim } from './contest.ts';
import { type LanLeases, noteLease, withLease } from './lan-book.ts';
import type { Contest, Farewell } from './lan-model.ts';
import { lanProbe, lanTimeout } from './lan-network.ts';
import type { LanPort } from './lan-port.ts';
import { type ReletContext, relet } from './relet.ts';

/** What {@link LanHosts} works with. */
export interface LanHostsContext {
  readonly state: NetworkState;
  readonly port: LanPort;
  readonly logger: Logger;
  /** Told of other machines that use addresses of containers. */
  readonly onClaim?: ((claim: Claim) => void) | undefined;
  /** What follows when an endpoint that is in use holds something else. */
  readonly follower: () => ReletContext;
  /** Do work that goes on after what is asked for now is done, and is not to be counted to it. */
  readonly outside: <T>(work: () => T) => T;
}

/** A client at work for one IP version of an endpoint. */
interface Tenancy extends Disposable {
  readonly lease: HostLease | undefined;
}

/** Containers that are hosts of LANs: their leases are obtained, kept while they run, and given back. */
export class LanHosts {
  readonly #context: LanHostsContext;
  /** Clients at work, by endpoint. */
  readonly #tenancies = new Map<string, Partial<Record<Family, Tenancy>>>();

  constructor(context: LanHostsContext) {
    this.#context = context;
  }

  /**
   * Obtain what endpoints need whose links are up, and store it; from then on it is kept until {@link end}.
   *
   * @param signal gives the waiting up.
   * @throws FairleadError when nobody on a LAN gives anything, or it is given up; nothing is stored then, and no client is left
   * at work.
   */
  async obtain(namespace: string, joined: readonly Joined[], signal?: AbortSignal): Promise<void> {
    const wanted = joined.flatMap((item) => familiesOf(item.network).map((family) => ({ item, family })));
    try {
      const obtaining = wanted.map(({ item, family }) => this.#obtain(item, namespace, family, signal));
      // None is left behind that begins anew while the others are ended.
      await Promise.allSettled(obtaining);
      await Promise.all(obtaining);
    } catch (error) {
      for (const { endpoint } of joined) this.end(endpoint.id);
      throw error;
    }
    const { state } = this.#context;
    state.store.transaction(() => {
      for (const { endpoint, network } of joined) {
        const held = this.#held(endpoint.id);
        noteLease(state, endpoint, network, held);
        state.endpoints.put(withLease(endpoint, held));
      }
    });
  }

  /** Go on with an endpoint that has been in use: what it held is kept, what it lacks is asked for. */
  resume(namespace: string, item: Joined): void {
    const { endpoint, network } = item;
    if (this.#tenancies.has(endpoint.id)) return;
    for (const family of familiesOf(network)) {
      const held = this.#former(item, family);
      this.#start(item, namespace, family, (session) => (held ? session.resume(held) : session.begin()));
    }
  }

  /** An endpoint goes. Its leases stay with its container, and with their servers. */
  end(endpoint: string): void {
    const tenancies = this.#tenancies.get(endpoint);
    this.#tenancies.delete(endpoint);
    for (const tenancy of Object.values(tenancies ?? {})) tenancy[Symbol.dispose]();
  }

  /** Tell servers of leases that nobody needs any more. They are told once: a lease that is not given back ends by itself. */
  sayFarewells(): void {
    const { state, port, logger } = this.#context;
    for (const farewell of [...state.farewells]) {
      try {
        port.send(farewell.uplink, framesOf(farewell));
      } catch (error) {
        const { network, owner, uplink } = farewell;
        logger.warn('lease not given back', { network, container: owner, uplink, error: messageOf(error) });
      }
      state.farewells.delete(farewell.id);
    }
  }

  async #obtain(item: Joined, namespace: string, family: Family, signal?: AbortSignal): Promise<void> {
    const { network } = item;
    const { promise, resolve } = Promise.withResolvers<'leased' | 'late' | 'canceled'>();
    const former = this.#former(item, family);
    const alarm = setTimeout(() => resolve('late'), lanTimeout(network.ipamOptions));
    const conflicts: Conflict[] = [];
    const hears = { first: () => resolve('leased'), conflict: (conflict: Conflict) => void conflicts.push(conflict) };
    const session = this.#start(item, namespace, family, (client) => client.begin(former), hears);
    const cancel = () => resolve('canceled');
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
    const outcome = await promise;
    signal?.removeEventListener('abort', cancel);
    clearTimeout(alarm);
    if (outcome === 'leased') return;
    if (outcome === 'canceled') throw canceled(network, family);
    // Gone where it was refused, or is another's now.
    const held = session.lease;
    if (!isGood(held, Date.now())) throw nobody(network, family, conflicts.at(-1));
    // RFC 2131, 3.2: what was given for a time may be used until its end, also when nobody is there to confirm it.
    this.#context.logger.warn('nobody confirms a lease: it is used until it ends', details(item));
    this.#start(item, namespace, family, (client) => client.resume(held));
  }

  /** @param hears what nobody else hears then: the first news, and what was another's before it. */
  #start(
    item: Joined,
    namespace: string,
    family: Family,
    begin: (session: Session) => void,
    hears?: { readonly first: () => void; readonly conflict: (conflict: Conflict) => void },
  ): Session {
    const { state, port, logger, onClaim, outside } = this.#context;
    const { endpoint, network } = item;
    const [link, mac] = [endpoint.interface ?? '', macOf(endpoint)];
    let first = hears?.first;
    const options = {
      open: (onFrame: (frame: Uint8Array) => void) => port.open(namespace, link, onFrame),
      onFault: (error: unknown) => logger.debug('LAN not spoken to', { ...details(item), error: messageOf(error) }),
      onNews: (news: 'leased' | 'lost') => {
        if (first === undefined) this.#tell(item, news);
        else if (news === 'leased') first();
        if (news === 'leased') first = undefined;
      },
      watch: (address: IpAddress, onFrame: (frame: Uint8Array) => void) =>
        port.watch(namespace, link, { address, mac }, onFrame),
      isOwn: (other: MacAddress) => state.endpoints.inSandbox(endpoint.sandbox).some((own) => own.mac === other),
      onConflict: (conflict: Conflict, outcome: ConflictOutcome) => {
        logger.warn(conflictWords[outcome], { ...details(item), ...conflict });
        onClaim?.(contestClaim(conflict, outcome, { container: endpoint.ownerName, network: network.name }));
        if (outcome === 'declined') hears?.conflict(conflict);
        else this.#contend(item, namespace, { ...conflict, outcome, at: Date.now() });
      },
    };
    const identity = clientIdentity(endpoint.owner, endpoint.network, mac, endpoint.hostname);
    const probe = lanProbe(network.ipamOptions);
    const manners = probe === undefined ? {} : { probe };
    const session =
      family === 4
        ? new LeaseSession(new Client4(identity, manners), options)
        : new LeaseSession(new Client6(identity, manners), options);
    const tenancies = this.#tenancies.get(endpoint.id) ?? {};
    tenancies[family]?.[Symbol.dispose]();
    this.#tenancies.set(endpoint.id, { ...tenancies, [family]: session });
    outside(() => begin(session));
    return session;
  }

  /** Another machine uses the address of an endpoint. */
  #contend(item: Joined, namespace: string, contest: Contest): void {
    const { state, follower } = this.#context;
    const endpoint = state.endpoints.get(item.endpoint.id);
    if (endpoint === undefined) return;
    const family = familyOf(contest.address);
    state.endpoints.put({ ...endpoint, contests: { ...endpoint.contests, [`ipv${family}`]: contest } });
    if (contest.outcome === 'defended') follower().announcements.repeat(endpoint, namespace);
  }

  #tell(item: Joined, news: 'leased' | 'lost'): void {
    const { follower, logger, outside } = this.#context;
    const { id } = item.endpoint;
    if (news === 'lost') logger.warn('lease lost: another one is asked for', details(item));
    outside(() => relet(follower(), id, () => this.#held(id))).catch((error: unknown) => {
      logger.error('lease not followed', { ...details(item), error: messageOf(error) });
    });
  }

  #held(endpoint: string): LanLeases {
    const tenancies = this.#tenancies.get(endpoint);
    const [ipv4, ipv6] = [tenancies?.[4]?.lease, tenancies?.[6]?.lease];
    return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
  }

  #former({ endpoint, network }: Joined, family: Family): HostLease | undefined {
    return this.#context.state.addresses.find(network.id, endpoint.owner)?.lan?.[`ipv${family}`];
  }
}

type Session = LeaseSession<State4> | LeaseSession<State6>;

const conflictWords: Readonly<Record<ConflictOutcome, string>> = {
  declined: 'an address of a LAN is another machine’s: it is declined',
  defended: 'another machine uses the address of a container: it is told whose it is',
  'given-up': 'another machine goes on using the address of a container: the container gives it up',
};

function familiesOf({ ipv4, ipv6 }: Network): Family[] {
  return [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
}

/** Every endpoint on a LAN has one of its own: networks on which it would not are refused. */
function macOf({ mac, id }: Pick<Endpoint, 'mac' | 'id'>): MacAddress {
  if (mac === undefined) throw new FairleadError('internal', `endpoint ${id} has no hardware address`);
  return mac;
}

function framesOf({ network, owner, mac, lan }: Farewell): Uint8Array[] {
  const identity = clientIdentity(owner, network, mac, '');
  const transaction = Math.floor(Math.random() * 0x100_0000);
  const frames = [
    lan.ipv4 && release4(identity, lan.ipv4, transaction),
    lan.ipv6 && release6(identity, lan.ipv6, transaction),
  ];
  return frames.filter((frame) => frame !== undefined);
}

function canceled({ id, name }: Network, family: Family): FairleadError {
  const message = `no IPv${family} address for network ${name} (${id}): waiting for one was canceled`;
  return new FairleadError('conflict', message);
}

function nobody({ id, name, ipamOptions }: Network, family: Family, conflict: Conflict | undefined): FairleadError {
  const who = family === 4 ? 'DHCP server' : 'router or DHCPv6 server';
  const time = `${lanTimeout(ipamOptions) / 1000}s`;
  const reason =
    conflict === undefined
      ? `no ${who} of the LAN has given one within ${time}`
      : `what the LAN has given within ${time} is another machine's: ${conflict.address} is at ${conflict.mac}`;
  return new FairleadError('internal', `no IPv${family} address for network ${name} (${id}): ${reason}`);
}

function details({ endpoint, network }: Joined): Record<string, unknown> {
  return { network: network.name, container: endpoint.owner };
}
