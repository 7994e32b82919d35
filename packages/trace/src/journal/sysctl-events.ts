import { isDeepStrictEqual } from 'node:util';
import { type OpenNamespace, readSysctlHere } from '@fairlead/kernel';
import type { SysctlRecord } from '../program/sysctl-record.ts';
import { type Author, authorOf } from './author.ts';
import type { ForeignBatch } from './foreign-batch.ts';
import { SysctlChanges, sysctlKey, sysctlText } from './sysctl-changes.ts';
import { watchSysctls } from './sysctl-watch.ts';

/** Milliseconds after which the kernel is asked to tell: its types are to be read for it, which a start does not wait for. */
const DELAY = 1000;

/** Settings whose last writes are remembered. */
const REMEMBERED = 1000;

/** Settings of the network below `/proc/sys`: each write where the kernel tells of it, else a comparison of some of them. */
export class SysctlEvents implements Disposable {
  readonly #host: OpenNamespace;
  readonly #ownProcess: number;
  readonly #batch: ForeignBatch;
  readonly #changes: SysctlChanges;
  readonly #timer: NodeJS.Timeout;
  #watch: Disposable | undefined;
  /** The last write of each setting that nobody has written since. */
  readonly #last = new Map<string, SysctlRecord>();

  /** @param ownProcess our own number, as the kernel has it. */
  constructor(host: OpenNamespace, ownProcess: number, batch: ForeignBatch) {
    this.#host = host;
    this.#ownProcess = ownProcess;
    this.#batch = batch;
    this.#changes = new SysctlChanges((key) => this.#read(key));
    this.#timer = setTimeout(() => this.#begin(), DELAY).unref();
  }

  /** We have set one ourselves. */
  touch(key: string, value: string): void {
    this.#changes.touch(key, value);
    this.#last.delete(key);
  }

  /** Look for changes that nobody has told of. */
  compare(): void {
    if (this.#watch !== undefined) return;
    for (const text of this.#changes.compare()) this.#add(text, {});
  }

  #begin(): void {
    this.compare();
    try {
      this.#watch = watchSysctls(this.#host, this.#ownProcess, (record) => this.#written(record));
    } catch {
      // Without BTF or BPF the kernel does not tell: it is compared, then.
    }
  }

  /** It is told before it is done; a write that finds the kernel's locks taken is made anew, and told anew. */
  #written(record: SysctlRecord): void {
    const { name, before, after, processId, program } = record;
    const key = sysctlKey(name);
    if (before === after || isDeepStrictEqual(this.#last.get(key), record)) return;
    if (this.#last.size > REMEMBERED) this.#last.clear();
    this.#last.set(key, record);
    const isRefused = () => this.#last.get(key) === record && this.#read(key)?.startsWith(before) === true;
    this.#add(sysctlText(key, before, after), authorOf(processId, program), isRefused);
  }

  #add(text: string, author: Author, isMoot = () => false): void {
    this.#batch.add({ text, time: Date.now(), author, isMoot });
  }

  #read(key: string): string | undefined {
    return this.#host.enter(() => readSysctlHere(key));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watch?.[Symbol.dispose]();
  }
}
