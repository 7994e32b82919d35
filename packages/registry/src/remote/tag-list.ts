import { codeOf, FairleadError } from '@fairlead/base';
import { canonicalText, type ImageReference } from '../document/image-reference.ts';
import { registryEndpoints } from './registry-endpoint.ts';
import { type RegistryClientOptions, RemoteRepository } from './remote-repository.ts';

/**
 * The tags of a repository, from a mirror or else from the registry itself.
 *
 * @throws FairleadError in the words of the registry itself when a mirror failed too.
 */
export async function listTags(reference: ImageReference, options: RegistryClientOptions): Promise<readonly string[]> {
  let failure: unknown = new FairleadError('internal', `no endpoint for ${canonicalText(reference)}`);
  for (const endpoint of await registryEndpoints(reference.domain, options)) {
    try {
      using repository = await RemoteRepository.connect(reference, endpoint, options);
      return await repository.tags();
    } catch (error) {
      if (codeOf(error) === 'cancelled') throw error;
      failure = error;
    }
  }
  throw failure;
}
