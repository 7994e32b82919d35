import { FairleadError, isNotFound } from '@fairlead/base';
import { canonicalText, parseImageReference, parsePlatform, type Report, withDefaultTag } from '@fairlead/registry';
import type { Images } from '../image/image-service.ts';
import type { RegistryAuth } from '../progress-port.ts';

/** How images come here that a Dockerfile names. */
export interface BaseImageOptions {
  /** Ask the registry for those that are here. */
  readonly pull: boolean;
  readonly credentials: ReadonlyMap<string, RegistryAuth>;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/**
 * The ID of an image, pulled when it is not here.
 *
 * @param platform '' means the machine's.
 * @throws FairleadError in Docker's words.
 */
export async function fetchImage(
  images: Pick<Images, 'inspect' | 'pull'>,
  name: string,
  platform: string,
  { pull, credentials, signal, report }: BaseImageOptions,
): Promise<string> {
  if (platform !== '') requirePlatform(platform);
  if (!pull) {
    const found = await images.inspect(name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (found !== undefined) return found.id;
  }
  const reference = withDefaultTag(parseImageReference(name));
  const auth = credentials.get(reference.domain);
  const options = { signal, ...(platform !== '' && { platform }), ...(auth !== undefined && { auth }) };
  for await (const progress of images.pull(canonicalText(reference), options)) report(progress);
  return (await images.inspect(name)).id;
}

function requirePlatform(platform: string): void {
  try {
    parsePlatform(platform);
  } catch (error) {
    const reason = `"${platform}": cannot parse platform specifier: invalid argument`;
    throw new FairleadError('invalid-argument', `failed to parse platform ${platform}: ${reason}`, { cause: error });
  }
}
