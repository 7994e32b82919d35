import { FairleadError } from '@fairlead/base';
import type { LoginRequest, RegistryService } from '@fairlead/engine';

/** A registry that knows the password `secret`, and one image for two platforms. */
export class FakeRegistries implements RegistryService {
  async login({ password }: LoginRequest): Promise<void> {
    if (password !== 'secret') throw new FairleadError('unauthorized', 'incorrect username or password');
  }

  async inspect(): ReturnType<RegistryService['inspect']> {
    const digest = `sha256:${'d'.repeat(64)}` as Awaited<
      ReturnType<RegistryService['inspect']>
    >['descriptor']['digest'];
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm', variant: 'v7' },
    ];
    return { descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 7 }, platforms };
  }
}
