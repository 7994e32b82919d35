import { FairleadError, shortIdentifier } from '@fairlead/base';
import { familiarName, type ImageReference, parseDigest, shortDigest } from '@fairlead/registry';
import type { ImageTable } from './image-table.ts';

/** A container that was made of an image. */
export interface ImageUser {
  readonly id: string;
  readonly running: boolean;
}

/** What is known when `docker rmi` is asked for. */
export interface RemovalQuestion {
  readonly id: string;
  /** All names of the image. */
  readonly references: readonly ImageReference[];
  /** The name that was given and how it was written; `undefined` when the image was asked for by ID. */
  readonly named: { readonly text: string; readonly reference: ImageReference } | undefined;
  readonly force: boolean;
  readonly users: readonly ImageUser[];
  /** Other images were built on it. */
  readonly isParent: boolean;
}

/** What a removal takes away. */
export interface RemovalPlan {
  readonly untag: readonly ImageReference[];
  /** Whether the image goes too. */
  readonly delete: boolean;
}

/**
 * Decide what `docker rmi` removes: a name, or all of an image, by the rules of moby's `image_delete.go`.
 *
 * @throws FairleadError `conflict` in Docker's words.
 */
export function planRemoval(question: RemovalQuestion): RemovalPlan {
  return question.named === undefined
    ? planRemovalById(question)
    : planRemovalByName(question, question.named.reference, question.named.text);
}

function planRemovalByName(question: RemovalQuestion, reference: ImageReference, text: string): RemovalPlan {
  const { id, references, force, users, isParent } = question;
  const [user] = users;
  // Without its only name the image would be left dangling: the user has to say that this is meant.
  if (!force && user !== undefined && isSingleReference(references)) {
    const using = `container ${shortIdentifier(user.id)} is using its referenced image ${shortId(id)}`;
    throw conflict(`unable to remove repository reference "${text}" (must force) - ${using}`);
  }
  const others = references.filter((other) => !isSame(other, reference));
  const digests = others.filter((other) => other.digest !== undefined && inSameRepository(other, reference));
  const lastTag = reference.digest === undefined && !others.some((other) => isTagOf(other, reference));
  const untag = lastTag ? [reference, ...digests] : [reference];
  const remaining = others.filter((other) => !untag.includes(other));
  // A conflict at this point is no error: the name is gone, and the image lives on for its containers.
  const blocked = isParent || users.some(({ running }) => running) || (!force && users.length > 0);
  return { untag, delete: remaining.length === 0 && !blocked };
}

function planRemovalById({ id, references, force, users, isParent }: RemovalQuestion): RemovalPlan {
  if (isParent) {
    throw conflict(`unable to delete ${shortId(id)} (cannot be forced) - image has dependent child images`);
  }
  const running = users.find((user) => user.running);
  if (running !== undefined) {
    const reason = `image is being used by running container ${shortIdentifier(running.id)}`;
    throw conflict(`unable to delete ${shortId(id)} (cannot be forced) - ${reason}`);
  }
  if (!force && !isSingleReference(references)) {
    const reason = 'image is referenced in multiple repositories';
    throw conflict(`unable to delete ${shortId(id)} (must be forced) - ${reason}`);
  }
  const [stopped] = users;
  if (!force && stopped !== undefined) {
    const reason = `image is being used by stopped container ${shortIdentifier(stopped.id)}`;
    throw conflict(`unable to delete ${shortId(id)} (must be forced) - ${reason}`);
  }
  return { untag: references, delete: true };
}

/** At most one tag, and every digest in the same repository as that tag. */
function isSingleReference(references: readonly ImageReference[]): boolean {
  if (references.length <= 1) return true;
  const [tag, ...more] = references.filter(({ digest }) => digest === undefined);
  if (tag === undefined || more.length > 0) return false;
  return references.every((reference) => inSameRepository(reference, tag));
}

function isSame(a: ImageReference, b: ImageReference): boolean {
  return inSameRepository(a, b) && a.tag === b.tag && a.digest === b.digest;
}

function isTagOf(reference: ImageReference, repository: ImageReference): boolean {
  return reference.digest === undefined && inSameRepository(reference, repository);
}

function inSameRepository(a: ImageReference, b: ImageReference): boolean {
  return familiarName(a) === familiarName(b);
}

function shortId(id: string): string {
  return shortDigest(parseDigest(id));
}

function conflict(message: string): FairleadError {
  return new FairleadError('conflict', `conflict: ${message}`);
}

/**
 * Images that go with one, the nearest first: those that it was built on, as long as nobody else has a use for them.
 *
 * @param isWanted true for an image with a name or a container.
 */
export function orphanedAncestors(
  id: string,
  table: Pick<ImageTable, 'ancestorsOf' | 'childrenOf'>,
  isWanted: (id: string) => boolean,
): string[] {
  const gone = [id];
  for (const ancestor of table.ancestorsOf(id)) {
    if (isWanted(ancestor) || table.childrenOf(ancestor).some((child) => !gone.includes(child))) break;
    gone.push(ancestor);
  }
  return gone.slice(1);
}

/**
 * Layers that go with an image: those that no other image has, highest first.
 *
 * @param chain chain IDs of the image, lowest first.
 * @param others chain IDs of the images that stay.
 */
export function orphanedLayers(chain: readonly string[], others: Iterable<readonly string[]>): string[] {
  const kept = new Set<string>();
  for (const other of others) for (const layer of other) kept.add(layer);
  return chain.filter((layer) => !kept.has(layer)).reverse();
}
