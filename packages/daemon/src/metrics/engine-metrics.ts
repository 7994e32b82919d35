import type { ContainerView, EnginePort, LinkCounters, SystemInfo } from '@fairlead/engine';
import type { Metric, Sample } from './exposition.ts';

/** What the name server of one sandbox has done since the sandbox was opened. */
export interface NameCounters {
  /** The sandbox. */
  readonly id: string;
  readonly queries: number;
  /** Answered from what is known about containers. */
  readonly local: number;
  /** Answered from what other servers said before. */
  readonly cached: number;
  readonly forwarded: number;
  /** No server answered, or nobody may be asked. */
  readonly failed: number;
}

/** Traffic of one interface of a container. */
export interface EndpointTraffic extends LinkCounters {
  readonly container: string;
  readonly network: string;
}

/** What the metrics are made of. */
export interface EngineFigures {
  readonly version: string;
  readonly info: SystemInfo;
  readonly containers: readonly ContainerView[];
  readonly networks: ReturnType<EnginePort['networks']['list']>;
  readonly traffic: readonly EndpointTraffic[];
  readonly names: readonly NameCounters[];
  readonly events: number;
}

/** The engine in dockerd's words, so that what draws dockerd's metrics draws these. */
export function engineMetrics({ version, info, containers, networks, events }: EngineFigures): Metric[] {
  const inState = (...states: string[]) =>
    containers.filter(({ container }) => states.includes(container.state.status)).length;
  return [
    one('engine_daemon_engine_info', 'The information related to the engine and the OS it is running on', 'gauge', {
      value: 1,
      labels: {
        version,
        architecture: process.arch,
        daemon_id: info.id,
        graphdriver: 'overlay2',
        kernel: info.kernelVersion,
        os: info.operatingSystem,
        os_type: 'linux',
        os_version: info.osVersion,
      },
    }),
    one('engine_daemon_engine_cpus_cpus', 'The number of cpus that the host system of the engine has', 'gauge', {
      value: info.cpus,
    }),
    one('engine_daemon_engine_memory_bytes', 'The number of bytes of memory that the host system has', 'gauge', {
      value: info.memory,
    }),
    one('engine_daemon_events_total', 'The number of events logged', 'counter', { value: events }),
    {
      name: 'engine_daemon_container_states_containers',
      help: 'The count of containers in various states',
      type: 'gauge',
      samples: [
        { labels: { state: 'paused' }, value: inState('paused') },
        { labels: { state: 'running' }, value: inState('running', 'restarting') },
        { labels: { state: 'stopped' }, value: inState('created', 'exited', 'dead', 'removing') },
      ],
    },
    one('fairlead_networks', 'Networks that there are', 'gauge', { value: networks.length }),
  ];
}

const trafficMetrics: readonly (readonly [name: string, help: string, field: Exclude<keyof LinkCounters, 'name'>])[] = [
  ['fairlead_endpoint_receive_bytes_total', 'Bytes that a container received on a network', 'receivedBytes'],
  ['fairlead_endpoint_receive_packets_total', 'Packets that a container received on a network', 'receivedPackets'],
  ['fairlead_endpoint_receive_drops_total', 'Packets for a container that were dropped', 'receiveDropped'],
  ['fairlead_endpoint_receive_errors_total', 'Packets for a container that were damaged', 'receiveErrors'],
  ['fairlead_endpoint_transmit_bytes_total', 'Bytes that a container sent on a network', 'sentBytes'],
  ['fairlead_endpoint_transmit_packets_total', 'Packets that a container sent on a network', 'sentPackets'],
  ['fairlead_endpoint_transmit_drops_total', 'Packets of a container that were dropped', 'sendDropped'],
  ['fairlead_endpoint_transmit_errors_total', 'Packets of a container that could not be sent', 'sendErrors'],
];

/** Networking by the names of containers and networks. */
export function networkMetrics({ containers, traffic, names }: EngineFigures): Metric[] {
  const perEndpoint = trafficMetrics.map(([name, help, field]): Metric => {
    const samples = traffic.map((each) => ({
      labels: { container: each.container, network: each.network, interface: each.name },
      value: each[field],
    }));
    return { name, help, type: 'counter', samples };
  });
  const published = containers
    .filter(({ bound }) => bound.length > 0)
    .map(({ container, bound }) => ({ labels: { container: container.name }, value: bound.length }));
  return [
    ...perEndpoint,
    {
      name: 'fairlead_published_ports',
      help: 'Ports of the host that lead to a container',
      type: 'gauge',
      samples: published,
    },
    ...nameMetrics(containers, names),
  ];
}

function nameMetrics(containers: readonly ContainerView[], names: readonly NameCounters[]): Metric[] {
  const ownerOf = new Map(
    containers.flatMap(({ container, sandbox }) =>
      sandbox?.owner === container.id ? [[sandbox.id, container.name]] : [],
    ),
  );
  const known = names.filter(({ id }) => ownerOf.has(id));
  const of = (pick: (counters: NameCounters) => number): Sample[] =>
    known.map((counters) => ({ labels: { container: ownerOf.get(counters.id) ?? '' }, value: pick(counters) }));
  return [
    counter(
      'fairlead_dns_queries_total',
      'Names that a container has asked for',
      of(({ queries }) => queries),
    ),
    counter(
      'fairlead_dns_local_hits_total',
      'Answered as a name of a container',
      of(({ local }) => local),
    ),
    counter(
      'fairlead_dns_cache_hits_total',
      'Answered from earlier answers of other servers',
      of(({ cached }) => cached),
    ),
    counter(
      'fairlead_dns_forwarded_total',
      'Passed on to other servers',
      of(({ forwarded }) => forwarded),
    ),
    counter(
      'fairlead_dns_failures_total',
      'Not answered by any server',
      of(({ failed }) => failed),
    ),
  ];
}

/** The daemon as a process, as every Prometheus client says it. */
export function processMetrics(openFiles: number): Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    one('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds', 'counter', {
      value: (user + system) / 1e6,
    }),
    one('process_resident_memory_bytes', 'Resident memory size in bytes', 'gauge', {
      value: process.memoryUsage.rss(),
    }),
    one('process_open_fds', 'Number of open file descriptors', 'gauge', { value: openFiles }),
    one('process_start_time_seconds', 'Start time of the process since unix epoch in seconds', 'gauge', {
      value: Math.round(Date.now() / 1000 - process.uptime()),
    }),
  ];
}

function one(name: string, help: string, type: 'counter' | 'gauge', sample: Sample): Metric {
  return { name, help, type, samples: [sample] };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'counter', samples };
}
