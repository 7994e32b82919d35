import type { Owner } from '@fairlead/base';
import { type Container, ContainersDefinition } from '../gen/containers.ts';
import { Options } from '../gen/runc_options.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';
import type { OciSpec } from '../spec/oci-types.ts';
import { jsonAny, messageAny } from './any.ts';
import type { Labels } from './descriptor.ts';

const rpc = methodsOf(ContainersDefinition);

/** Which OCI runtime the shim runs, and how. */
export type RuntimeOptions = {
  /** Program, by name or path; the shim's own default, runc, without it. */
  readonly binary?: string;
  /** Where the runtime keeps its state. */
  readonly root?: string;
  /** The runtime asks systemd for control groups; cgroup paths are then `slice:prefix:name`. */
  readonly systemdCgroup?: boolean;
  /** Whom the pipes of its processes belong to; the host's root without it. */
  readonly ioOwner?: Owner;
};

/** What is to be recorded. */
export type NewContainer = {
  readonly id: string;
  readonly spec: OciSpec;
  /** Key of the snapshot with its writable layer; keeps that from being collected. */
  readonly snapshotKey: string;
  readonly image?: string;
  readonly labels?: Labels;
  readonly runtime?: RuntimeOptions;
};

/** A container as containerd records it. Whether it runs is the task service's to say. */
export type ContainerRecord = {
  readonly id: string;
  readonly image: string;
  readonly snapshotKey: string;
  readonly labels: Labels;
};

const shim = 'io.containerd.runc.v2';

/** Container records: what a task is created from. */
export class ContainerStore {
  readonly #channel: GrpcChannel;
  readonly #snapshotter: string;

  constructor(channel: GrpcChannel, snapshotter: string) {
    this.#channel = channel;
    this.#snapshotter = snapshotter;
  }

  /** Record a container. @throws FairleadError `conflict` when the id exists. */
  async create(container: NewContainer): Promise<void> {
    const { binary, root, systemdCgroup, ioOwner } = container.runtime ?? {};
    const options = messageAny(Options, {
      binaryName: binary ?? '',
      root: root ?? '',
      systemdCgroup: systemdCgroup ?? false,
      ioUid: ioOwner?.uid ?? 0,
      ioGid: ioOwner?.gid ?? 0,
    });
    await this.#channel.unary(rpc.create, {
      container: {
        id: container.id,
        image: container.image ?? '',
        labels: { ...container.labels },
        runtime: { name: shim, options },
        spec: jsonAny('Spec', container.spec),
        snapshotter: this.#snapshotter,
        snapshotKey: container.snapshotKey,
      },
    });
  }

  /** Replace the spec, for the next task. @throws FairleadError `not-found`. */
  async updateSpec(id: string, spec: OciSpec): Promise<void> {
    await this.#channel.unary(rpc.update, {
      container: { id, spec: jsonAny('Spec', spec) },
      updateMask: ['spec'],
    });
  }

  /** One record. @throws FairleadError `not-found`. */
  async get(id: string): Promise<ContainerRecord> {
    return toRecord((await this.#channel.unary(rpc.get, { id })).container);
  }

  /** All records, or those that match one of containerd's filters. */
  async list(filters: readonly string[] = []): Promise<ContainerRecord[]> {
    const { containers } = await this.#channel.unary(rpc.list, { filters: [...filters] });
    return containers.map(toRecord);
  }

  /** Remove a record. @throws FairleadError `not-found`; `conflict` while it has a task. */
  async delete(id: string): Promise<void> {
    await this.#channel.unary(rpc.delete, { id });
  }
}

function toRecord(container: Container | undefined): ContainerRecord {
  return {
    id: container?.id ?? '',
    image: container?.image ?? '',
    snapshotKey: container?.snapshotKey ?? '',
    labels: container?.labels ?? {},
  };
}
