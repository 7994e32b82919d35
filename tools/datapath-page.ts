import type { KernelContents } from './kernel-objects.ts';

/** What the engine calls things by random numbers, and what a page calls them. */
export type Renaming = ReadonlyMap<string, string>;

/** Beginnings of the names of links that a network has: its bridge, the host's own link, a further bridge with its cable. */
const ofNetworks = ['br', 'hl', 'b1', 't1', 'u1'] as const;

/**
 * Names for a page: a bridge is called by its network (`br-app`), the outer end of a cable by what it leads to
 * (`veth-web`, with the inner end behind it where that is not eth0).
 *
 * @param networks names by id, the beginning of which names the bridge.
 */
export function pageNames({ cables }: KernelContents, networks: ReadonlyMap<string, string>): Renaming {
  return new Map([
    ...[...networks].flatMap(([id, name]) =>
      [...ofNetworks].map((beginning) => [`${beginning}-${id.slice(0, 12)}`, `${beginning}-${name}`] as const),
    ),
    ...cables.map(({ outer, namespace, inner }) => {
      const end = inner === 'eth0' ? '' : `-${inner}`;
      return [outer, `veth-${namespace.replace(/^fl-/, '')}${end}`] as const;
    }),
  ]);
}

/** With the page's names; the hops of a trace keep their columns. */
export function renamed(text: string, names: Renaming): string {
  return text.replaceAll(
    /\b(?:veth|br-|hl-|[btu]1-)[0-9a-f]{11,12}\b(?=( +(?:in|out|✕|taken) )?)/g,
    (name, isHop?: string) => (names.get(name) ?? name).padEnd(isHop === undefined ? 0 : name.length),
  );
}

/** What differs from one run to the next or from kernel to kernel, and what stands for it. */
const changing: readonly [pattern: RegExp, instead: string][] = [
  // Ids that a command prints.
  [/^[0-9a-f]{64}\n/gm, ''],
  // Times of a trace.
  [/^( +\d+ [●○] .+?(?:in {3}|out {2}|✕ {4}|taken)) *\d+ µs {2}/gm, '$1 '],
  [/ after \d+ µs$/gm, ''],
  [/, [\d.]+ ms\)/g, ')'],
  [/ {2}\(\d+ ms\)$/gm, ''],
  // Ports that the kernel chose, and numbers of processes and rules.
  [/:[1-6]\d{4}\b/g, ':PORT'],
  [/ \(pid \d+\)/g, ''],
  [/ #\d+(?=: | {2})/g, ''],
  [/\b([ds]port) (set )?[1-6]\d{4}\b/g, '$1 $2PORT'],
  // Where in the kernel's code it was.
  [/([A-Z_]{4,}) in \w+/g, '$1'],
];

/** Output of commands without what may differ between two runs. */
export function stable(text: string): string {
  return changing.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text);
}
