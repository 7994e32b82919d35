import { FairleadError, isNotFound } from '@fairlead/base';
import {
  canonicalText,
  familiarName,
  familiarText,
  type ImageReference,
  parseDigest,
  parseImageReference,
  type StoredImage,
  withDefaultTag,
} from '@fairlead/registry';
import type { ImageTable } from './image-table.ts';

/** What a user's word for an image led to. */
export interface FoundImage {
  /** Image ID. */
  readonly id: string;
  /** The name that was given; `undefined` when it was an ID or the beginning of one. */
  readonly reference: ImageReference | undefined;
}

/**
 * Find an image by `name[:tag]`, `name@digest`, ID, or the beginning of an ID; a name goes before an ID.
 *
 * @throws FairleadError `not-found` in Docker's words, `invalid-argument` for what can be no name.
 */
export function findImage(table: ImageTable, text: string): FoundImage {
  if (isIdentifier(text)) {
    const id = table.search(text);
    if (id === undefined) throw noSuchImage(text.startsWith('sha256:') ? text : `sha256:${text}`);
    return { id, reference: undefined };
  }
  const reference = lookupReference(parseImageReference(text));
  const named = table.named(canonicalText(reference));
  if (named !== undefined) return { id: named.id, reference };
  const id = table.search(text);
  if (id === undefined) throw noSuchImage(familiarText(withDefaultTag(parseImageReference(text))));
  return { id, reference: undefined };
}

/**
 * The image that a name asks to be saved, with those of its tags that go with it: the one that is named, all of the
 * repository when no tag is, none for an ID (moby, tarexport parseNames).
 *
 * @throws FairleadError `not-found` in Docker's words, which are others here than those of {@link findImage}.
 */
export function imagesWithTags(
  table: ImageTable,
  text: string,
): { readonly id: string; readonly tags: ImageReference[] }[] {
  const repository = isIdentifier(text) ? undefined : parseImageReference(text);
  if (repository !== undefined && repository.tag === undefined && repository.digest === undefined) {
    const tagged = table.ids.flatMap((id) => {
      const tags = table
        .namesOf(id)
        .map(parseImageReference)
        .filter((name) => isTagOf(name, repository));
      return tags.length > 0 ? [{ id, tags }] : [];
    });
    if (tagged.length > 0) return tagged;
  }
  const { id, reference } = findSaved(table, text, repository);
  return [{ id, tags: reference?.digest === undefined && reference !== undefined ? [reference] : [] }];
}

function findSaved(table: ImageTable, text: string, name: ImageReference | undefined): FoundImage {
  try {
    return findImage(table, text);
  } catch (error) {
    if (name === undefined || !isNotFound(error)) throw error;
    if (name.tag === undefined && name.digest === undefined) throw noSuchImage(text);
    throw new FairleadError('not-found', 'reference does not exist');
  }
}

function isTagOf(name: ImageReference, { domain, path }: ImageReference): boolean {
  return name.domain === domain && name.path === path && name.digest === undefined;
}

function isIdentifier(text: string): boolean {
  return /^(sha256:)?[0-9a-f]{64}$/.test(text);
}

/** With both tag and digest only the digest counts: what the tag names may have changed since. */
export function lookupReference(reference: ImageReference): ImageReference {
  const { domain, path, digest } = reference;
  return digest === undefined ? withDefaultTag(reference) : { domain, path, digest };
}

/** Digest of what a name stands for now: its manifest, or the index that was chosen from. */
export function digestOfTarget(table: ImageTable, reference: ImageReference) {
  const digest = table.named(canonicalText(reference))?.target.digest;
  return digest === undefined ? undefined : parseDigest(digest);
}

/** What was asked for, and the digest that it had. */
export function namesOfPulled(reference: ImageReference, { descriptor }: Pick<StoredImage, 'descriptor'>) {
  const { domain, path, digest } = reference;
  return digest === undefined ? [reference, { domain, path, digest: descriptor.digest }] : [reference];
}

/**
 * The name that `docker tag` and `docker import` are to give.
 *
 * @param tag goes before the tag in `repository`.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function newTag(repository: string, tag: string): ImageReference {
  const { domain, path, digest, tag: own } = parseImageReference(repository);
  if (digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
  if (tag !== '' && !/^\w[\w.-]{0,127}$/.test(tag)) throw invalid('invalid tag format');
  const reference = withDefaultTag({ domain, path, tag: tag || own });
  if (familiarName(reference) === 'sha256') {
    throw invalid('refusing to create an ambiguous tag using digest algorithm as name');
  }
  return reference;
}

function noSuchImage(name: string): FairleadError {
  return new FairleadError('not-found', `No such image: ${name}`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
