import type { DistributionInfo, RegistryCredentials } from '@fairlead/registry';

/** Credentials, and which registry they are for. */
export interface LoginRequest extends RegistryCredentials {
  readonly serverAddress?: string;
}

/** What registries are asked besides for images. */
export interface RegistryService {
  /** @throws FairleadError `unauthorized` when the registry does not take the credentials. */
  login(request: LoginRequest): Promise<void>;
  /** What a registry says of an image. @throws FairleadError in the registry's words. */
  inspect(reference: string, credentials: RegistryCredentials | undefined): Promise<DistributionInfo>;
}
