import { FairleadError, newIdentifier } from '@fairlead/base';
import type { Volume, VolumeRequest, VolumeService, VolumeView } from '@fairlead/engine';

/** Volumes in memory, used by nobody. */
export class FakeVolumes implements VolumeService {
  readonly #volumes = new Map<string, Volume>();

  async create({ name, options, labels }: VolumeRequest): Promise<VolumeView> {
    const id = name || newIdentifier();
    const volume = this.#volumes.get(id) ?? { id, driver: 'local', created: Date.now(), labels, options };
    this.#volumes.set(id, volume);
    return present(volume);
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    if (!this.#volumes.delete(name) && options.force !== true) throw absent(name);
  }

  async inspect(name: string): Promise<VolumeView> {
    const volume = this.#volumes.get(name);
    if (volume === undefined) throw absent(name);
    return present(volume);
  }

  async list() {
    return { volumes: this.local(), warnings: [] };
  }

  local(): readonly VolumeView[] {
    return [...this.#volumes.values()].map(present);
  }

  drivers(): readonly string[] {
    return ['local'];
  }

  async size(): Promise<number> {
    return 5;
  }
}

function present(volume: Volume): VolumeView {
  return { volume, mountpoint: `/var/lib/fairlead/volumes/${volume.id}/_data`, users: [] };
}

function absent(name: string): FairleadError {
  return new FairleadError('not-found', `get ${name}: no such volume`);
}
