import { FairleadError } from '@fairlead/base';
import { familiarName, familiarText, type ImageReference, parseImageReference } from '@fairlead/registry';
import type { ImageTable } from './image-table.ts';

/** A tag that is to be pushed, and the image that it stands for. */
export interface PlannedPush {
  readonly id: string;
  readonly tag: string;
}

/** A repository, and what of it is to be pushed. */
export interface PushPlan {
  readonly reference: ImageReference;
  readonly pushes: readonly PlannedPush[];
}

/** What a push is asked for: a tag, or a repository. @throws FairleadError `invalid-argument` in Docker's words. */
export function pushedReference(text: string, tag: string | undefined): ImageReference {
  const reference = parseImageReference(tag === undefined ? text : `${text}:${tag}`);
  if (reference.digest === undefined) return reference;
  throw new FairleadError('invalid-argument', 'cannot push a digest reference');
}

/**
 * What a push sends: the tag that was given, or all that the repository has.
 *
 * @throws FairleadError `not-found` in Docker's words (moby, distribution/push.go).
 */
export function planPush(table: ImageTable, reference: ImageReference): PushPlan {
  const local = tagsOf(table, reference);
  if (local.length === 0) {
    const message = `An image does not exist locally with the tag: ${familiarName(reference)}`;
    throw new FairleadError('not-found', message);
  }
  const pushes = reference.tag === undefined ? local : local.filter((push) => push.tag === reference.tag);
  if (pushes.length > 0) return { reference, pushes };
  throw new FairleadError('not-found', `tag does not exist: ${familiarText(reference)}`);
}

function tagsOf(table: ImageTable, reference: ImageReference): PlannedPush[] {
  return table.ids.flatMap((id) =>
    table
      .namesOf(id)
      .map(parseImageReference)
      .filter(({ domain, path, tag }) => domain === reference.domain && path === reference.path && tag !== undefined)
      .map((name) => ({ id, tag: name.tag ?? '' })),
  );
}
