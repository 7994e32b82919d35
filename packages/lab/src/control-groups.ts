import { existsSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Control groups at the top of a hierarchy, where hosts have theirs: with version 1 there are several hierarchies. With
 * version 2 there is one, and the groups below the top ones are given as well.
 *
 * @param root where control groups are mounted.
 */
export function topControlGroups(root = '/sys/fs/cgroup'): string[] {
  const first = subfolders(root);
  return [...first, ...first.flatMap(subfolders)];
}

/** Remove the groups of one name, and those below them. @throws Error `EBUSY` when something runs in one. */
export function removeControlGroups(name: string, root?: string): void {
  thawControlGroups(name, root);
  for (const path of groupsOf(name, root)) removeTree(path);
}

/** Let go on what is frozen in the groups of one name: with version 1, frozen processes cannot be killed. */
export function thawControlGroups(name: string, root?: string): void {
  for (const path of groupsOf(name, root)) thaw(path);
}

function groupsOf(name: string, root?: string): string[] {
  return topControlGroups(root).filter((path) => basename(path) === name);
}

function thaw(path: string): void {
  for (const inner of subfolders(path)) thaw(inner);
  const state = join(path, 'freezer.state');
  if (existsSync(state)) writeFileSync(state, 'THAWED');
}

/** The files in a group are the kernel's and go with it: only folders are removed, the innermost first. */
function removeTree(path: string): void {
  for (const inner of subfolders(path)) removeTree(inner);
  rmdirSync(path);
}

function subfolders(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  } catch {
    // Groups of others may go at any time, and without any there is nothing mounted.
    return [];
  }
}
