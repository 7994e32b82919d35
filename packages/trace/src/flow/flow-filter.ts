import type { FlowReport } from './flow-report.ts';

/** Which flows are asked for; every given part has to match. */
export interface FlowFilter {
  /** Name of a container, or the whole or the beginning of the id that it was asked for by: one of the ends. */
  readonly container?: string;
  /** Name of a network that an end is on. */
  readonly network?: string;
  /** Port that was asked for, on the host or behind it. */
  readonly port?: number;
  /** Milliseconds since the epoch: flows that were seen since, or that have not ended before. */
  readonly since?: number;
  /** Also those that concern no network of ours, and what is said to many at once. */
  readonly all?: boolean;
}

/** True when a flow is asked for. */
export function matchesFlowFilter(filter: FlowFilter, flow: FlowReport): boolean {
  const { container, network, port, since, all } = filter;
  if (all !== true && (flow.networks.length === 0 || isForMany(flow.to.address))) return false;
  if (container !== undefined && !namesOf(flow).includes(container)) return false;
  if (network !== undefined && !flow.networks.includes(network)) return false;
  if (port !== undefined && flow.to.port !== port && flow.asked?.port !== port) return false;
  const lastSeen = flow.duration === undefined ? Number.POSITIVE_INFINITY : flow.time + flow.duration;
  return since === undefined || lastSeen >= since;
}

/** Multicast, and the broadcast of everywhere. */
function isForMany(address: string): boolean {
  return /^(ff|2(2[4-9]|3\d)\.|255\.255\.255\.255$)/.test(address);
}

function namesOf({ from, to }: FlowReport): (string | undefined)[] {
  return [from, to].map(({ kind, name }) => (kind === 'container' ? name : undefined));
}
