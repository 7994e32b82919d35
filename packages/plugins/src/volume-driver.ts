import { type Answer, accepted } from './answer.ts';
import type { PluginCaller } from './plugin-client.ts';
import { PluginSilence } from './plugin-error.ts';

/** A volume as its driver tells of it. */
export interface DrivenVolume {
  readonly name: string;
  /** Where its content is on the host; '' when it is nowhere, for nobody has it mounted. */
  readonly mountpoint: string;
  /** Milliseconds since the epoch. */
  readonly created?: number;
  /** Whatever the driver wants to be seen. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A driver of volumes in another process (Docker's volume plugin protocol, version 1). It says no in its own words. */
export class RemoteVolumeDriver {
  readonly #caller: PluginCaller;
  readonly #pathOnHost: (path: string) => string;

  /** @param pathOnHost of what it tells of its own files. */
  constructor(caller: PluginCaller, pathOnHost: (path: string) => string = (path) => path) {
    this.#caller = caller;
    this.#pathOnHost = pathOnHost;
  }

  /** Whether its volumes are those of other hosts, too. As with Docker, one that does not say so is local. */
  async scope(): Promise<'local' | 'global'> {
    const answer = await this.#call('Capabilities').catch(() => undefined);
    return answer?.inside('Capabilities').text('Scope').toLowerCase() === 'global' ? 'global' : 'local';
  }

  async create(name: string, options: Readonly<Record<string, string>> | null): Promise<void> {
    await this.#call('Create', { Name: name, Opts: options });
  }

  async remove(name: string): Promise<void> {
    await this.#call('Remove', { Name: name });
  }

  /**
   * @param id who wants it: named again when it is let go.
   * @returns where the content is; '' when the driver does not say.
   */
  async mount(name: string, id: string): Promise<string> {
    return this.#place((await this.#call('Mount', { Name: name, ID: id })).text('Mountpoint'));
  }

  async unmount(name: string, id: string): Promise<void> {
    await this.#call('Unmount', { Name: name, ID: id });
  }

  /**
   * Look for a volume. A driver that answers with an error has none of that name, as Docker understands it.
   *
   * @throws PluginSilence when it does not answer.
   */
  async get(name: string): Promise<DrivenVolume | undefined> {
    const answer = await this.#call('Get', { Name: name }).catch(unlessSilent);
    const found = answer && this.#volume(answer.inside('Volume'));
    if (found === undefined || found.mountpoint !== '') return found;
    const path = await this.#call('Path', { Name: name }).catch(unlessSilent);
    return { ...found, mountpoint: this.#place(path?.text('Mountpoint') ?? '') };
  }

  async list(): Promise<DrivenVolume[]> {
    return (await this.#call('List')).list('Volumes').flatMap((volume) => this.#volume(volume) ?? []);
  }

  #volume(answer: Answer): DrivenVolume | undefined {
    const volume = drivenVolume(answer);
    return volume && { ...volume, mountpoint: this.#place(volume.mountpoint) };
  }

  #place(mountpoint: string): string {
    return mountpoint === '' ? '' : this.#pathOnHost(mountpoint);
  }

  async #call(method: string, body: unknown = {}): Promise<Answer> {
    return accepted(await this.#caller.call(`VolumeDriver.${method}`, body), 'Err', '');
  }
}

/** @throws PluginSilence if that is what it is. */
function unlessSilent(error: unknown): undefined {
  if (error instanceof PluginSilence) throw error;
}

function drivenVolume(answer: Answer): DrivenVolume | undefined {
  const name = answer.text('Name');
  if (name === '') return undefined;
  const created = Date.parse(answer.text('CreatedAt'));
  const status = answer.record('Status');
  return {
    name,
    mountpoint: answer.text('Mountpoint'),
    ...(!Number.isNaN(created) && { created }),
    ...(status && { status }),
  };
}
