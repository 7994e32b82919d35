import { isIP } from 'node:net';
import { FairleadError, KeyedMutex, messageOf } from '@fairlead/base';
import type { FileSystems } from '../context.ts';
import { fileSystemOf, type VolumeFileSystem, withoutPassword } from './driver-options.ts';
import { isMounted } from './mounted-tree.ts';
import type { Volume } from './volume-model.ts';

/**
 * What the options of volumes mount, while anybody holds them. Who does is remembered here; what is mounted is asked of
 * the kernel, so a mount that outlived the daemon is found as it is.
 */
export class VolumeMounts {
  readonly #fileSystems: FileSystems;
  readonly #mountpoint: (name: string) => string;
  readonly #holders = new Map<string, Set<string>>();
  readonly #turns = new KeyedMutex();

  constructor(fileSystems: FileSystems, mountpoint: (name: string) => string) {
    this.#fileSystems = fileSystems;
    this.#mountpoint = mountpoint;
  }

  /** Somebody holds a volume already: a container that went on while the daemon was away. */
  adopt(name: string, holder: string): void {
    this.#holdersOf(name).add(holder);
  }

  /**
   * Hold a volume, and mount it when nobody has yet.
   *
   * @throws FairleadError `internal` in Docker's words; it is not held then.
   */
  async hold(volume: Volume, holder: string): Promise<void> {
    await this.#turns.run(volume.id, async () => {
      const target = this.#mountpoint(volume.id);
      const fileSystem = fileSystemOf(volume);
      if (fileSystem !== undefined && !isMounted(target, this.#fileSystems)) await this.#mount(fileSystem, target);
      this.#holdersOf(volume.id).add(holder);
    });
  }

  /** Let go of a volume; the last one unmounts it. */
  async release(name: string, holder: string): Promise<void> {
    await this.#turns.run(name, () => {
      this.#holders.get(name)?.delete(holder);
      this.#unmountUnheld(name);
    });
  }

  /** Unmount what nobody holds: a start that was cut off left it. */
  async settle(names: Iterable<string>): Promise<void> {
    for (const name of names) await this.#turns.run(name, () => this.#unmountUnheld(name));
  }

  #unmountUnheld(name: string): void {
    if ((this.#holders.get(name)?.size ?? 0) > 0) return;
    this.#holders.delete(name);
    const target = this.#mountpoint(name);
    if (isMounted(target, this.#fileSystems)) this.#fileSystems.unmount(target);
  }

  async #mount(fileSystem: VolumeFileSystem, target: string): Promise<void> {
    const failure = (reason: string, cause: unknown) => {
      const message = `error while mounting volume '${target}': ${withoutPassword(reason, fileSystem)}`;
      return new FairleadError('internal', message, { cause });
    };
    const options = await withAddress(fileSystem).catch((error) => {
      throw failure(`error resolving passed in network volume address: ${unresolved(error)}`, error);
    });
    try {
      await this.#fileSystems.mount({ ...fileSystem, options, target });
    } catch (error) {
      throw failure(`failed to mount local volume: ${messageOf(error)}`, error);
    }
  }

  #holdersOf(name: string): Set<string> {
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders);
    return holders;
  }
}

/** Why a name has no address, in the words of Go's resolver. */
function unresolved(error: unknown): string {
  const { code, hostname } = error as NodeJS.ErrnoException & { readonly hostname?: string };
  return `lookup ${hostname}: ${code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`;
}

/** The kernel takes the server of a network file system as an address only (nfs(5), `addr=`). */
async function withAddress({ type, options }: VolumeFileSystem): Promise<string> {
  const server = /(?:^|,)addr=([^,]+)/.exec(options)?.[1];
  if ((type !== 'nfs' && type !== 'cifs') || server === undefined || isIP(server) !== 0) return options;
  const { lookup } = await import('node:dns/promises');
  const { address } = await lookup(server);
  return options.replace(`addr=${server}`, `addr=${address}`);
}
