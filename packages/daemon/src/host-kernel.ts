import { FairleadError } from '@fairlead/base';
import type { OperationRecord } from '@fairlead/engine';
import { Kernel } from '@fairlead/kernel';
import type { Change, KernelObject, NamespaceName } from '@fairlead/netlink';
import type { ConnectionFilter, KernelPort } from '@fairlead/network';

/** The kernel as the network model sees it, with the record of what was done to it. */
export class HostKernel implements KernelPort, Disposable {
  readonly #kernel = new Kernel();

  /** Whether tables can be kept from other processes' hands and outlive their owner (Linux 6.9). */
  get protectsTables(): boolean {
    return this.#kernel.supports('protected tables');
  }

  async apply(changes: readonly Change[]): Promise<void> {
    await this.#kernel.apply(changes);
  }

  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    return this.#kernel.observe(namespace, kinds);
  }

  namespaces(): NamespaceName[] {
    return this.#kernel.namespaces();
  }

  async forgetConnections(filter: ConnectionFilter): Promise<void> {
    await this.#kernel.forgetConnections(filter);
  }

  /** Run work so that what it does to the kernel is recorded under one name. */
  operation<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#kernel.recorder.operation(name, work);
  }

  /** Newest first. */
  operations(): readonly OperationRecord[] {
    return this.#kernel.recorder.operations().toReversed().map((operation) => ({
      id: String(operation.id),
      name: operation.name,
      time: operation.startedAt.getTime(),
      steps: operation.entries.length,
      microseconds: operation.entries.reduce((sum, { microseconds }) => sum + microseconds, 0),
    }));
  }

  /** @throws FairleadError `not-found` when no such operation is remembered. */
  transcript(id?: string): readonly string[] {
    const { recorder } = this.#kernel;
    const wanted = id === undefined || id === 'last' ? recorder.operations().at(-1)?.id : Number(id);
    const lines = wanted === undefined ? undefined : recorder.transcript(wanted);
    if (lines === undefined) throw new FairleadError('not-found', `No such operation: ${id ?? 'last'}`);
    return lines;
  }

  [Symbol.dispose](): void {
    this.#kernel[Symbol.dispose]();
  }
}
