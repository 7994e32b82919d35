import { FairleadError, lateModule } from '@fairlead/base';
import type { Image } from '@fairlead/engine';
import { imageLabels } from './container-config.ts';
import type { Filters } from './filters.ts';

const dockerfile = lateModule(() => import('@fairlead/dockerfile'));

/** Keys that `GET /images/json` knows. */
export const imageFilterKeys = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'] as const;

/** True for a name of an image, such as `busybox:latest`, that is asked for. */
export type NameTest = (name: string) => boolean;

/**
 * What `reference` asks for: names, or patterns with `*` and `?` that do not cross slashes. Without a tag they mean every
 * tag.
 *
 * @returns `undefined` when it asks for nothing: then there need not be a name.
 * @throws FairleadError `invalid-argument` for what is no pattern.
 */
export async function nameTest(filters: Filters): Promise<NameTest | undefined> {
  const values = filters.values('reference');
  if (values.length === 0) return undefined;
  const { pathPattern } = await dockerfile();
  const patterns = values.map(pathPattern);
  return (name) => {
    const untagged = name.slice(0, name.lastIndexOf(':'));
    return patterns.some((pattern) => pattern.test(name) || pattern.test(untagged));
  };
}

/**
 * The images that a list shows, newest first; of their names only those that were asked for.
 *
 * @param isNamed see {@link nameTest}.
 * @throws FairleadError `not-found` when `before` or `since` name no image, `invalid-argument` for wrong values.
 */
export function selectImages(images: readonly Image[], filters: Filters, isNamed?: NameTest): Image[] {
  const dangling = filters.boolean('dangling');
  const until = filters.until();
  const before = referenceTime(images, filters.values('before')[0]);
  const since = referenceTime(images, filters.values('since')[0]);
  return images
    .filter(
      (image) =>
        (dangling === undefined || (dangling ? isDangling(image) : image.tags.length > 0)) &&
        (until === undefined || BigInt(Math.floor(image.created)) * 1_000_000n < until) &&
        (before === undefined || image.created < before) &&
        (since === undefined || image.created > since) &&
        filters.labels(imageLabels(image)) &&
        (isNamed === undefined || image.tags.some(isNamed)),
    )
    .map((image) => (isNamed ? withNames(image, isNamed) : image))
    .sort((a, b) => b.created - a.created);
}

/** True for a step of the making of another image that has no name: shown to those who ask for all. */
export function isHiddenStep({ isParent, tags, digests }: Image): boolean {
  return isParent === true && tags.length === 0 && digests.length === 0;
}

/** True for an image without a tag that is no step of the making of another one. */
export function isDangling(image: Image): boolean {
  return image.tags.length === 0 && image.isParent !== true;
}

function withNames(image: Image, isWanted: NameTest): Image {
  // A digest stands in the place of a tag.
  const asTagged = (name: string) => name.replace(/@.*$/, ':');
  return {
    ...image,
    tags: image.tags.filter(isWanted),
    digests: image.digests.filter((name) => isWanted(asTagged(name))),
  };
}

function referenceTime(images: readonly Image[], reference: string | undefined): number | undefined {
  if (reference === undefined) return undefined;
  const found = images.find(
    ({ id, tags }) =>
      tags.includes(reference) ||
      tags.includes(`${reference}:latest`) ||
      id.replace('sha256:', '').startsWith(reference),
  );
  if (found !== undefined) return found.created;
  const isWhole = /:[^/]*$|@/.test(reference);
  throw new FairleadError('not-found', `No such image: ${reference}${isWhole ? '' : ':latest'}`);
}
