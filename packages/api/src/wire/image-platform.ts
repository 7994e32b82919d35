import { FairleadError, messageOf } from '@fairlead/base';
import type { Image } from '@fairlead/engine';
import { type ApiRequest, text } from '../http/request.ts';
import { isJsonObject } from './go-json.ts';
import { requirePlatform } from './unsupported-options.ts';

/**
 * Check that an image is for the platform that a request names: images are kept for one platform each.
 *
 * @param since version of the API (1.x) from which on the request knows `platform`; older ones never had it heard.
 * @throws FairleadError `not-found` for an image of another one, `invalid-argument` for what is no platform.
 */
export function requireAskedPlatform(request: ApiRequest, image: Image, reference: string, since: number): void {
  const asked = text(request, 'platform');
  if (asked === undefined || request.version < since) return;
  requirePlatform(image, reference, platformText(asked));
}

/**
 * The platform that a request wants images of, as `linux/arm64`; `undefined` where it names none, or is of a version that never
 * had it heard.
 *
 * @param since version of the API (1.x).
 * @throws FairleadError `invalid-argument` in Docker's words (28; several came with version 1.52), also for what is no platform.
 */
export function onlyPlatform(request: ApiRequest, since: number): string | undefined {
  if (request.version < since) return undefined;
  const asked = request.query.getAll('platform');
  if (asked.length > 1) throw new FairleadError('invalid-argument', 'multiple platform parameters not supported');
  return asked[0] ? platformText(asked[0]) : undefined;
}

/** `{"os":"linux","architecture":"arm64"}`, the form that the API has for it, as `linux/arm64`. */
function platformText(asked: string): string {
  const { os, architecture, variant } = decoded(asked);
  if (!os && !architecture && variant) {
    const fault = 'optional platform fields provided, but OS and Architecture are missing';
    throw new FairleadError('invalid-argument', fault);
  }
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === '' || architecture === '') {
    throw new FairleadError('invalid-argument', 'both OS and Architecture must be provided');
  }
  return [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])].join('/');
}

function decoded(asked: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(asked);
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw new FairleadError('invalid-argument', `failed to parse platform: ${messageOf(error)}`);
  }
  throw new FairleadError('invalid-argument', 'failed to parse platform: it is not an object');
}
