import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { BoundFile } from '@fairlead/api';
import { type Owner, ownerOutside } from '@fairlead/base';
import type { EngineContext } from '@fairlead/engine';
import type { TaskFile } from '@fairlead/swarm';

/** Everything below it goes with the memory that it is in. */
const OPTIONS = 'mode=0700';

/** What of the engine they need. */
export interface TaskFilesContext {
  readonly settings: Pick<EngineContext['settings'], 'execRoot' | 'identities'>;
  readonly fileSystems: EngineContext['fileSystems'];
}

/** Secrets and configs of tasks as files: in memory only, one directory for each task. */
export class TaskFiles {
  readonly #context: TaskFilesContext;

  constructor(context: TaskFilesContext) {
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
      const { uid, gid } = this.#ownerOutside({ uid: Number(target.uid) || 0, gid: Number(target.gid) || 0 });
      chownSync(source, uid, gid);
      return { source, target: posix.resolve(kind === 'secret' ? '/run/secrets' : '/', target.name) };
    });
  }

  /** Take those of a task away; harmless when there are none. */
  drop(task: string): void {
    rmSync(this.#folder(task), { recursive: true, force: true });
  }

  /** For root's eyes alone, and for who is root in containers: their runtime binds what is in there. */
  async #mount(): Promise<void> {
    const { fileSystems } = this.#context;
    const target = this.#place;
    if (!fileSystems.mountPoints().includes(target)) {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      await fileSystems.mount({ source: 'tmpfs', target, type: 'tmpfs', options: OPTIONS });
    }
    chownSync(target, 0, this.#ownerOutside({ uid: 0, gid: 0 }).gid);
    chmodSync(target, 0o710);
  }

  #ownerOutside(inside: Owner): Owner {
    const { identities } = this.#context.settings;
    return identities === undefined ? inside : ownerOutside(identities, inside);
  }

  get #place(): string {
    return join(this.#context.settings.execRoot, 'swarm');
  }

  #folder(task: string): string {
    return join(this.#place, task);
  }
}
