import type { IpAddress } from '@fairlead/base';
import type { FlowCounters } from '@fairlead/netlink';

/** What one end of a flow is. */
export type FlowEndKind = 'container' | 'gateway' | 'host' | 'outside';

/** One end of a flow. */
export interface FlowEnd {
  readonly kind: FlowEndKind;
  /** Of the container, or of the network whose gateway it is. */
  readonly name?: string;
  readonly address: IpAddress;
  readonly port?: number;
}

/**
 * What became of a flow, as far as its packets tell:
 *
 * - `asking`: no answer yet; `unanswered`: there was none
 * - `answered`: packets went both ways; `established`: TCP, and neither side has closed
 * - `closed`: TCP, by both sides; `reset`: cut off by one; `forgotten`: ended while it was established
 * - `refused`: the other end said no; `dropped`: the kernel dropped its packets before there was an answer
 */
export type FlowVerdict =
  | 'asking'
  | 'unanswered'
  | 'answered'
  | 'established'
  | 'closed'
  | 'reset'
  | 'forgotten'
  | 'refused'
  | 'dropped';

/** One flow: who asked whom for what, and what became of it. */
export interface FlowReport {
  /** The same in every report about this flow. */
  readonly id: number;
  /** Milliseconds since the epoch, when it was first seen. */
  readonly time: number;
  /** `tcp`, `udp`, `sctp`, `icmp`, or `protocol` with its number. */
  readonly protocol: string;
  readonly from: FlowEnd;
  /** Who answers, or would. */
  readonly to: FlowEnd;
  /** Networks that the two ends are on. */
  readonly networks: readonly string[];
  /** What was asked for, when it is not what answers: the host's end of a published port. */
  readonly asked?: { readonly address: IpAddress; readonly port?: number };
  /** What the other end takes for the asker, when addresses are masqueraded. */
  readonly seenAs?: { readonly address: IpAddress; readonly port?: number };
  /** It was under way when it was first seen: which end began it is not known for sure. */
  readonly midway?: true;
  readonly verdict: FlowVerdict;
  /** Where and why it was dropped, in the kernel's words. */
  readonly reason?: string;
  /** Milliseconds from the first packet to the end, once it has ended. */
  readonly duration?: number;
  /** What the asker sent, and what it got; absent where the kernel does not count. */
  readonly sent?: FlowCounters;
  readonly received?: FlowCounters;
}

/** Something that whoever reads about flows has to know. */
export interface FlowNotice {
  readonly notice: string;
  /** `lost`: the kernel, or the one who reads, had no room for events; `uncounted`: no packets and bytes for what began before. */
  readonly code: 'lost' | 'uncounted' | 'unseen';
}
