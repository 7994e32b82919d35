import type { IpAddress, MacAddress } from '@fairlead/base';
import type { HostLease } from './lease.ts';
import type { Random } from './retransmission.ts';

/** What every state of a client has, whichever protocol it speaks. */
export interface ClientState {
  /** When {@link Machine.wake} is to be called, in milliseconds since the epoch; absent means never. */
  readonly wakeAt?: number;
  /** What is held now. */
  readonly lease?: HostLease;
  /** False while nobody is spoken to: frames need not be received then. */
  readonly listens: boolean;
}

/** An address that another machine of the link uses. */
export interface Conflict {
  readonly address: IpAddress;
  /** Who uses it. */
  readonly mac: MacAddress;
}

/**
 * What becomes of it. `declined`: it was given, and is not used; `defended`: it is in use, and the other one has to be told so;
 * `given-up`: it was in use, and the other one has not given way. Another one is asked for except where it is defended.
 */
export type ConflictOutcome = 'declined' | 'defended' | 'given-up';

/** How a client goes about its work. */
export interface ClientManners {
  /** Milliseconds that the link is asked who has an address before it is used; 0 uses it at once. */
  readonly probe?: number;
  readonly random?: Random;
}

/** What a client does about something that has happened. */
export interface Step<State extends ClientState> {
  readonly state: State;
  /** Ethernet frames to send, in order. */
  readonly frames: readonly Uint8Array[];
  /** `leased`: the lease is another one, or lasts longer; `lost`: there is none any more. */
  readonly news?: 'leased' | 'lost';
  /** What was given is another's: it is declined, and another one is asked for. */
  readonly conflict?: Conflict;
}

/** A step that meets nobody else's address. */
export function step<State extends ClientState>(
  state: State,
  frames: readonly Uint8Array[] = [],
  news?: Step<State>['news'],
): Step<State> {
  return { state, frames, ...(news && { news }) };
}

/**
 * A client as a function of states: no clock, no socket. All times are milliseconds since the epoch, and given by the caller.
 */
export interface Machine<State extends ClientState> {
  /** Begin on a link, with what was held there before if that is still good: it is asked for again. */
  begin(now: number, held?: HostLease): Step<State>;
  /** Go on with a lease that is in use. */
  resume(now: number, held: HostLease): Step<State>;
  /** The time has come that the state names. */
  wake(state: State, now: number): Step<State>;
  /** A frame has come; one that does not matter changes nothing. */
  receive(state: State, frame: Uint8Array, now: number): Step<State>;
  /** The address that the host uses in this state. */
  inUse(state: State): IpAddress | undefined;
  /** Another machine uses the address that is in use, and does not give way: it is declined, and another one asked for. */
  cease(state: State, now: number): Step<State>;
}
