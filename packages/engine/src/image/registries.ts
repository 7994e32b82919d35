import {
  type DistributionInfo,
  parseImageReference,
  type RegistryCredentials,
  type RegistrySettings,
} from '@fairlead/registry';
import type { LoginRequest, RegistryService } from './registry-port.ts';

/** Registries as the API asks about them. */
export class Registries implements RegistryService {
  readonly #settings: RegistrySettings;

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
  }

  async login(request: LoginRequest): Promise<void> {
    const { checkCredentials } = await import('@fairlead/registry/transfer');
    await checkCredentials(request.serverAddress ?? '', request, this.#settings);
  }

  async inspect(reference: string, credentials: RegistryCredentials | undefined): Promise<DistributionInfo> {
    const { inspectDistribution } = await import('@fairlead/registry/transfer');
    return await inspectDistribution(parseImageReference(reference), { ...this.#settings, credentials });
  }
}
