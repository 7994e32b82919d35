import type { NamespaceName } from '../object/kernel-object.ts';
import type { RouteEntry } from './entry.ts';

/** Words of a command; what is `undefined` is left out. */
export type Words = readonly (string | number | undefined)[];

/** A command line in which every word stands for itself. */
export function commandLine(words: Words): string {
  return words
    .filter((word) => word !== undefined)
    .map((word) => quote(String(word)))
    .join(' ');
}

/** A word as the shell has to read it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Beginning of an `ip` or `bridge` command; the host's namespace needs no `-n`. */
export function toolIn(tool: string, namespace: NamespaceName, ...options: readonly string[]): string[] {
  return [tool, ...options, ...(namespace === '' ? [] : ['-n', namespace])];
}

/** Beginning of a command of a tool that has no `-n` itself. */
export function enterPrefix(namespace: NamespaceName): string[] {
  return namespace === '' ? [] : ['nsenter', `--net=/run/netns/${namespace}`];
}

/** `[word, value]`, or nothing when there is no value. */
export function option(word: string, value: string | number | undefined): Words {
  return value === undefined ? [] : [word, value];
}

/**
 * The name that an index in a message stood for.
 *
 * @throws Error when the entry does not know it: a transcript that guesses is worthless.
 */
export function linkNamed(entry: RouteEntry, index: number): string {
  const name = entry.links.get(index);
  if (name === undefined) throw new Error(`${entry.operation}: the recorder does not know link ${index}`);
  return name;
}

/**
 * What `ip link … netns` takes for a namespace: the host's is the one of process 1.
 *
 * @throws Error when the entry does not know the descriptor.
 */
export function namespaceNamed(entry: RouteEntry, descriptor: number): string {
  const name = entry.descriptors.get(descriptor);
  if (name === undefined) throw new Error(`${entry.operation}: the recorder does not know namespace ${descriptor}`);
  return name === '' ? '1' : name;
}
