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

/** `{"os":"linux","architecture":"arm64"}`, the form that the API has for it, as `linux/arm64`. */
function platformText(asked: string): string {
  const { os, architecture, variant } = decoded(asked);
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
