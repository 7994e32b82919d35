import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { BoundFile } from '@fairlead/api';
import { ownerOutside } from '@fairlead/base';
import type { EngineContext } from '@fairlead/engine';
import type { TaskFile } from '@fairlead/swarm';

/** Everything below it goes with the memory that it is in. */
const OPTIONS = 'mode=0711';

/** Secrets and configs of tasks as files: in memory only, one directory for each task. */
export class TaskFiles {
  readonly #context: Pick<EngineContext, 'settings' | 'fileSystems'>;

  constructor(context: Pick<EngineContext, 'settings' | 'fileSystems'>) {
    this.#context = context;
  }

  /** Write those of a task. @returns where they are, and where it is to find them. */
  async write(task: string, files: readonly TaskFile[]): Promise<readonly BoundFile[]> {
    if (files.length === 0) return [];
    await this.#mount();
    const folder = this.#folder(task);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    return files.map(({ kind, target, data }, index) => {
      const source = join(folder, String(index));
      // Nobody else reads it until it is known who may.
      writeFileSync(source, data, { mode: 0o600 });
      chmodSync(source, target.mode);
      const owner = { uid: Number(target.uid) || 0, gid: Number(target.gid) || 0 };
      const { identities } = this.#context.settings;
      const { uid, gid } = identities === undefined ? owner : ownerOutside(identities, owner);
      chownSync(source, uid, gid);
      return { source, target: posix.resolve(kind === 'secret' ? '/run/secrets' : '/', target.name) };
    });
  }

  /** Take those of a task away; harmless when there are none. */
  drop(task: string): void {
    rmSync(this.#folder(task), { recursive: true, force: true });
  }

  async #mount(): Promise<void> {
    const { fileSystems } = this.#context;
    const target = this.#place;
    if (fileSystems.mountPoints().includes(target)) return;
    mkdirSync(target, { recursive: true, mode: 0o711 });
    await fileSystems.mount({ source: 'tmpfs', target, type: 'tmpfs', options: OPTIONS });
  }

  get #place(): string {
    return join(this.#context.settings.execRoot, 'swarm');
  }

  #folder(task: string): string {
    return join(this.#place, task);
  }
}
