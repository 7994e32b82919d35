import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { newSwarmIdentifier } from '@fairlead/base';
import type { Books } from '../books.ts';
import { findObject } from '../lookup.ts';
import type { SwarmEvent } from '../model.ts';
import { wantedSlots } from '../orchestrator/slots.ts';
import { endpointKey } from '../orchestrator/update-plan.ts';
import { refusal } from '../refusal.ts';
import { hasEnded, isBeyond, type Task } from '../task/task-model.ts';
import type { ServiceNetworks } from '../task/task-runtime.ts';
import { normalSpec, withDefaults } from './service-defaults.ts';
import { serviceChanges } from './service-event.ts';
import type { PortConfig, Service, ServiceSpec } from './service-model.ts';
import { choosePorts, requireFreePorts } from './service-ports.ts';
import { requireValidService } from './service-rules.ts';

/** What {@link Services} works with. */
export interface ServicesParts {
  readonly books: Books;
  readonly networks: ServiceNetworks;
  readonly emit: (event: SwarmEvent) => void;
  /** A name for a service that is given none. */
  readonly inventName: (isTaken: (name: string) => boolean) => string;
  /** Somebody has changed what is wanted. */
  readonly onChange: () => void;
}

/** How many tasks of a service there are. */
export interface ServiceStatus {
  readonly running: number;
  readonly desired: number;
  readonly completed: number;
}

/** What an update says besides the specification. */
export interface UpdateOptions {
  /** The specification before the present one takes its place. */
  readonly rollsBack?: boolean;
  readonly registryAuth?: string;
}

/** Services: what is asked for, and by whom it is reached. Their tasks are the orchestrator's. */
export class Services {
  readonly #parts: ServicesParts;

  constructor(parts: ServicesParts) {
    this.#parts = parts;
  }

  /** Those that nobody has removed. */
  list(): readonly Service[] {
    return this.#parts.books.wanted;
  }

  /** @throws FairleadError `not-found`. */
  inspect(reference: string, options: { readonly insertDefaults?: boolean } = {}): Service {
    const service = findObject('service', this.list(), reference, ({ spec }) => spec.name);
    return options.insertDefaults ? { ...service, spec: withDefaults(service.spec) } : service;
  }

  /** How many tasks there are, and are to be. */
  status(service: Service): ServiceStatus {
    const { books } = this.#parts;
    const { cluster } = books;
    const node = cluster && books.nodes.get(cluster.nodeId);
    const tasks = [...books.tasks].filter(({ serviceId }) => serviceId === service.id);
    const isOn = ({ desiredState, status }: Task) => !isBeyond(desiredState, 'running') && status.state === 'running';
    const { replicatedJob, globalJob } = service.spec.mode;
    const now = { service, tasks, orchestration: { taskHistoryRetentionLimit: 0 }, now: 0 };
    const slots = node === undefined ? [] : wantedSlots({ ...now, node });
    const completed = tasks.filter(
      ({ status, jobIteration }) => status.state === 'complete' && jobIteration === service.jobIteration,
    );
    const isJob = (replicatedJob ?? globalJob) !== undefined;
    return {
      running: tasks.filter((task) => (isJob ? task.status.state === 'running' : isOn(task))).length,
      desired: replicatedJob?.maxConcurrent ?? (isJob ? tasks.filter((task) => !hasEnded(task)).length : slots.length),
      completed: isJob ? completed.length : 0,
    };
  }

  /** @returns its ID. @throws FairleadError in the words of dockerd or of its manager. */
  create(asked: ServiceSpec, registryAuth?: string): string {
    const { books, emit, onChange } = this.#parts;
    const spec = this.#settled({ ...asked, name: asked.name || this.#inventName() });
    requireValidService(spec);
    this.#requirePayloads(spec);
    requireFreePorts(spec, books.wanted);
    if (this.list().some((other) => other.spec.name === spec.name))
      throw refusal('conflict', `name conflicts with an existing object: service ${spec.name} already exists`);
    const id = newSwarmIdentifier();
    const isJob = (spec.mode.replicatedJob ?? spec.mode.globalJob) !== undefined;
    const reached = this.#reached(id, spec, []);
    const service = books.add(books.services, (stamps) => ({
      ...{ id, ...stamps, spec, specVersion: 0, ...reached },
      ...(isJob && { jobIteration: 0, lastExecution: Date.now() }),
      ...(registryAuth !== undefined && { registryAuth }),
    }));
    emit({ type: 'service', action: 'create', id: service.id, attributes: { name: spec.name } });
    onChange();
    return service.id;
  }

  /** @throws FairleadError in the words of dockerd or of its manager. */
  update(reference: string, version: number, asked: ServiceSpec, options: UpdateOptions = {}): void {
    const { books, emit, onChange } = this.#parts;
    const present = this.inspect(reference);
    const spec = options.rollsBack ? this.#former(present) : this.#settled(asked);
    requireValidService(spec);
    this.#requirePayloads(spec);
    requireSameKind(present.spec, spec);
    requireFreePorts(
      spec,
      books.wanted.filter(({ id }) => id !== present.id),
    );
    const { updateStatus: _, ...rest } = present;
    const isNew = hasChanged(present, spec);
    const message = 'manually requested rollback';
    const rollback = { state: 'rollback_started', message, startedAt: Date.now() } as const;
    const changed = books.change<Service>(
      books.services,
      {
        ...(isNew ? rest : present),
        spec,
        previousSpec: present.spec,
        ...(isNew && { specVersion: present.specVersion + 1 }),
        ...this.#reached(present.id, spec, present.ports),
        ...(options.rollsBack && isNew && { updateStatus: rollback }),
        ...(present.jobIteration !== undefined && {
          jobIteration: present.jobIteration + 1,
          lastExecution: Date.now(),
        }),
        ...(options.registryAuth !== undefined && { registryAuth: options.registryAuth }),
      },
      version,
    );
    emit({ type: 'service', action: 'update', id: changed.id, attributes: serviceChanges(present, changed) });
    onChange();
  }

  /** Its tasks are brought to an end, then it is forgotten. @throws FairleadError `not-found`. */
  remove(reference: string): void {
    const { books, emit, onChange } = this.#parts;
    const present = this.inspect(reference);
    books.change(books.services, { ...present, removed: true });
    emit({ type: 'service', action: 'remove', id: present.id, attributes: { name: present.spec.name } });
    onChange();
  }

  /** Resolves when no service that has been removed is on a network any more, or after half a minute: tasks take time to end. */
  async untilFree(network: string): Promise<void> {
    const uses = ({ removed, spec }: Service) =>
      removed === true && (spec.taskTemplate.networks ?? []).some(({ target }) => target === network);
    for (let round = 0; round < 600 && [...this.#parts.books.services].some(uses); round++) await sleep(50);
  }

  #inventName(): string {
    return this.#parts.inventName((name) => this.list().some(({ spec }) => spec.name === name));
  }

  #former({ id, previousSpec }: Service): ServiceSpec {
    if (previousSpec !== undefined) return previousSpec;
    throw refusal('failed-precondition', `service ${id} does not have a previous spec`);
  }

  /** With what dockerd fills in, and networks by their IDs. */
  #settled(asked: ServiceSpec): ServiceSpec {
    const spec = normalSpec(asked);
    const networks = (spec.taskTemplate.networks ?? []).map((network) => ({
      ...network,
      target: this.#parts.networks.resolve(network.target ?? '').id,
    }));
    if (networks.length === 0) return spec;
    return { ...spec, taskTemplate: { ...spec.taskTemplate, networks } };
  }

  /** How a service is reached: its addresses and its ports, those that it has already among them. */
  #reached(id: string, spec: ServiceSpec, had: readonly PortConfig[]): Pick<Service, 'ports' | 'virtualIps'> {
    const { books, networks } = this.#parts;
    const ports = choosePorts(
      spec.endpointSpec?.ports ?? [],
      had,
      books.wanted.filter((other) => other.id !== id),
    );
    const isMeshed = ports.some(({ publishMode }) => publishMode !== 'host');
    const ingress = networks.ingress();
    if (isMeshed && ingress === undefined)
      throw refusal('failed-precondition', 'service needs ingress network, but no ingress network is present');
    if (spec.endpointSpec?.mode === 'dnsrr') return { ports, virtualIps: [] };
    const own = (spec.taskTemplate.networks ?? []).map(({ target = '' }) => target);
    const overlays = own.filter((network) => networks.resolve(network).isOverlay);
    const all = isMeshed && ingress !== undefined ? [ingress, ...overlays] : overlays;
    const virtualIps = all.flatMap((networkId) =>
      networks.hold(networkId, id).map((address) => ({ networkId, address })),
    );
    return { ports, virtualIps };
  }

  #requirePayloads({ taskTemplate: { containerSpec } }: ServiceSpec): void {
    const { secrets, configs } = this.#parts.books;
    const { secrets: wanted = [], configs: wantedConfigs = [] } = containerSpec ?? {};
    const lost = wanted.filter(({ secretId, secretName }) => secrets.get(secretId)?.spec.name !== secretName);
    requireNone(
      'secret',
      lost.map(({ secretName }) => secretName),
    );
    const lostConfigs = wantedConfigs.filter(
      ({ configId, configName }) => configs.get(configId)?.spec.name !== configName,
    );
    requireNone(
      'config',
      lostConfigs.map(({ configName }) => configName),
    );
  }
}

function requireNone(kind: string, names: readonly string[]): void {
  if (names.length === 0) return;
  throw refusal('invalid-argument', `${kind}${names.length === 1 ? '' : 's'} not found: ${names.join(', ')}`);
}

/** Neither name nor mode change. @throws FairleadError in swarmkit's words. */
function requireSameKind(before: ServiceSpec, after: ServiceSpec): void {
  const modeOf = ({ mode }: ServiceSpec) => Object.keys(mode).sort().join();
  if (modeOf(before) !== modeOf(after)) throw refusal('not-implemented', 'service mode change is not allowed');
  if (before.name !== after.name) throw refusal('not-implemented', 'renaming services is not supported');
}

/** True when tasks of the present specification are none of the new one. */
function hasChanged({ spec }: Service, fresh: ServiceSpec): boolean {
  return (
    !isDeepStrictEqual(spec.taskTemplate, fresh.taskTemplate) || endpointKey({ spec }) !== endpointKey({ spec: fresh })
  );
}
