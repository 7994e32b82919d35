import { chmodSync, chownSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasSystemCode, type Owner } from '@fairlead/base';
import type { EngineSettings, FileSystems } from '../../context.ts';
import type { Container } from '../../model.ts';

/**
 * `/dev/shm` of containers whose IPC namespace others may join: a file system of the host, because what is mounted inside
 * a container cannot be bound into another one.
 */
export class SharedMemory {
  readonly #directory: string;
  readonly #fileSystems: Pick<FileSystems, 'mount' | 'unmount'>;

  constructor(settings: Pick<EngineSettings, 'execRoot'>, fileSystems: Pick<FileSystems, 'mount' | 'unmount'>) {
    this.#directory = join(settings.execRoot, 'shm');
    this.#fileSystems = fileSystems;
  }

  /** Where it is mounted. */
  path(id: string): string {
    return join(this.#directory, id);
  }

  /** Mount it anew, for a container that is about to start and shares it; `root` is who is root in there. */
  async open({ id, config }: Pick<Container, 'id' | 'config'>, root?: Owner): Promise<void> {
    if (config.host.ipcMode !== 'shareable') return;
    this.close(id);
    const target = this.path(id);
    mkdirSync(target, { recursive: true, mode: 0o711 });
    // Everybody may write there, and ids are no secret: only who is root in a container gets as far.
    chmodSync(this.#directory, 0o710);
    if (root !== undefined) chownSync(this.#directory, 0, root.gid);
    const size = config.host.shmSize > 0 ? `,size=${config.host.shmSize}` : '';
    const owner = root === undefined ? '' : `,uid=${root.uid},gid=${root.gid}`;
    const options = `nosuid,nodev,noexec,mode=1777${size}${owner}`;
    await this.#fileSystems.mount({ source: 'shm', target, type: 'tmpfs', options });
  }

  /** Take it away; containers that joined keep it until they end. Nothing there is success. */
  close(id: string): void {
    const target = this.path(id);
    try {
      this.#fileSystems.unmount(target);
      rmdirSync(target);
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error;
    }
  }

  /** Take away what containers have left that are not alive any more. */
  closeOthers(isAlive: (id: string) => boolean): void {
    for (const id of namesIn(this.#directory)) if (!isAlive(id)) this.close(id);
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
