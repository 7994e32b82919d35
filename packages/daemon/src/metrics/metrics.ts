import { readdir } from 'node:fs/promises';
import type { Engine, LinkCounters } from '@fairlead/engine';
import type { NetworkController } from '@fairlead/network';
import {
  type EndpointTraffic,
  engineMetrics,
  type NameCounters,
  networkMetrics,
  processMetrics,
} from './engine-metrics.ts';
import type { Metric } from './exposition.ts';
import { Histogram } from './histogram.ts';

/** Seconds; what is asked of the kernel takes microseconds, a start of a container some tenths of a second. */
const effectBounds = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];
const operationBounds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** Where figures come from. */
export interface MetricsSources {
  readonly version: string;
  readonly engine: Pick<Engine, 'containers' | 'networks' | 'info'>;
  readonly network: Pick<NetworkController, 'endpointsIn'>;
  /** Traffic of the links in a network namespace. */
  readonly linkCounters: (namespace: string) => readonly LinkCounters[];
  readonly names: () => Promise<readonly NameCounters[]>;
  readonly eventCount: () => number;
}

/** What is measured while the daemon runs, and what is looked up when somebody asks. */
export class Metrics {
  readonly #effects = new Histogram(effectBounds);
  readonly #operations = new Histogram(operationBounds);

  /** Something was asked of the kernel. */
  noteEffect(microseconds: number): void {
    this.#effects.observe(microseconds / 1e6);
  }

  /** Measure an operation by the kind that its name says: `start web`, `network create app`. */
  async measure<T>(name: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#operations.observe((performance.now() - start) / 1000, { operation: kindOf(name) });
    }
  }

  /** All metrics, as they are now. */
  async collect(sources: MetricsSources): Promise<Metric[]> {
    const { version, engine, names, eventCount } = sources;
    const [info, counters, files] = await Promise.all([engine.info(), names(), readdir('/proc/self/fd')]);
    const containers = engine.containers.list();
    const traffic = containers.flatMap((view) => trafficOf(view, sources));
    const networks = engine.networks.list();
    const figures = { version, info, containers, networks, traffic, names: counters, events: eventCount() };
    return [
      ...engineMetrics(figures),
      ...networkMetrics(figures),
      {
        name: 'fairlead_operation_seconds',
        help: 'How long operations on containers and networks took',
        type: 'histogram',
        samples: this.#operations.samples(),
      },
      {
        name: 'fairlead_kernel_apply_seconds',
        help: 'How long the kernel took to apply a change of the network',
        type: 'histogram',
        samples: this.#effects.samples(),
      },
      ...processMetrics(files.length),
    ];
  }
}

function kindOf(name: string): string {
  const [first = '', second = ''] = name.split(' ');
  return first === 'network' ? `${first} ${second}` : first;
}

function trafficOf(
  { container, sandbox }: ReturnType<Engine['containers']['list']>[number],
  { engine, network, linkCounters }: MetricsSources,
): EndpointTraffic[] {
  if (sandbox === undefined || sandbox.namespace === '' || sandbox.owner !== container.id) return [];
  const networks = new Map(engine.networks.list().map(({ id, name }) => [id, name]));
  const byInterface = new Map(
    network.endpointsIn(sandbox.id).map((endpoint) => [endpoint.interface, endpoint.network]),
  );
  return linkCounters(sandbox.namespace).flatMap((counters) => {
    const id = byInterface.get(counters.name);
    return id === undefined ? [] : [{ ...counters, container: container.name, network: networks.get(id) ?? id }];
  });
}
