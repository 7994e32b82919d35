import { type Change, identityOf, type KernelObject } from '@fairlead/netlink';
import { diff } from './diff.ts';

/** An object before and after changes; absent where it was not there. */
interface Course {
  readonly before: KernelObject | undefined;
  readonly after: KernelObject | undefined;
}

/**
 * The changes that lead back to how things were before `changes`, which were made in this order: the way from what is there
 * after them to what was there before.
 */
export function undoOf(changes: readonly Change[]): Change[] {
  const courses = new Map<string, Course>();
  for (const change of changes) {
    for (const { before, after } of steps(change)) {
      const identity = identityOf(before ?? after ?? change.object);
      const known = courses.get(identity);
      courses.set(identity, { before: known === undefined ? before : known.before, after });
    }
  }
  const all = [...courses.values()];
  const present = (object: KernelObject | undefined) => (object === undefined ? [] : [object]);
  const way = diff(
    all.flatMap(({ before }) => present(before)),
    all.flatMap(({ after }) => present(after)),
  );
  return [...way, ...all.flatMap(tableGone), ...all.flatMap((course) => unplugged(course, way))];
}

/** Whoever asks for no bridge is content with any: a comparison leaves a port in the one that it was put into. */
function unplugged({ before, after }: Course, way: readonly Change[]): Change[] {
  if (before?.kind !== 'link' || after?.kind !== 'link' || before.master !== undefined) return [];
  const isSeenTo = way.some(({ object }) => identityOf(object) === identityOf(before));
  return after.master === undefined || isSeenTo ? [] : [{ action: 'change', object: before, previous: after }];
}

/** A table of the host is everybody's, so a comparison leaves it where it is; what has made it is undone without it. */
function tableGone({ before, after }: Course): Change[] {
  const isMade = before === undefined && after?.kind === 'table' && after.namespace === '';
  return isMade ? [{ action: 'remove', object: after }] : [];
}

function steps(change: Change): Course[] {
  const { object } = change;
  switch (change.action) {
    case 'add':
      return [{ before: undefined, after: object }];
    case 'change':
      return [{ before: change.previous, after: object }];
    case 'remove':
      return [object, ...(change.alongside ?? [])].map((before) => ({ before, after: undefined }));
    default:
      return change satisfies never;
  }
}
