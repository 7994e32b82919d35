import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KernelObject, LinkType } from '@fairlead/netlink';

/** The files that have the cases. */
export type CaseFile = 'explain' | 'explain-modes';

/** How something comes and goes in a transcript. */
interface Covered {
  readonly by: CaseFile;
  readonly made: RegExp;
  readonly unmade: RegExp;
}

const root = resolve(import.meta.dirname, '../..');

/** A link of a kind, which goes by its name. */
function linkOf(by: CaseFile, kind: RegExp): Covered {
  return { by, made: new RegExp(`^ip .*link add .*\\btype ${kind.source}`, 'm'), unmade: /^ip .*link del/m };
}

const inKernelTest = 'no operation asks for one; packages/kernel/src/replay.kernel.test.ts has it';

/** Where each kind of object in the kernel has its case, or why it needs none here. The compiler asks for every kind. */
const kinds: Readonly<Record<KernelObject['kind'] | `link ${LinkType['kind']}`, Covered | string>> = {
  namespace: { by: 'explain', made: /^ip netns add /m, unmade: /^ip netns del /m },
  link: { by: 'explain', made: /^ip .*link add /m, unmade: /^ip .*link del /m },
  'link bridge': linkOf('explain', /bridge/),
  'link veth': linkOf('explain', /veth/),
  'link macvlan': linkOf('explain-modes', /macvlan/),
  'link ipvlan': 'parents.test.ts has it where the kernel has the module',
  'link vlan': 'parents.test.ts has it where the kernel has the module',
  'link dummy': 'parents.test.ts has it where the kernel has the module',
  'link vxlan': inKernelTest,
  'link moved': inKernelTest,
  'link other': 'it is only observed',
  address: { by: 'explain-modes', made: /^ip .*address add /m, unmade: /^ip .*address del /m },
  route: { by: 'explain-modes', made: /^ip .*route add /m, unmade: /^ip .*route del /m },
  rule: inKernelTest,
  neighbor: inKernelTest,
  fdb: { by: 'explain-modes', made: /^bridge .*fdb (add|replace) /m, unmade: /^bridge .*fdb del /m },
  qdisc: { by: 'explain', made: /^tc .*qdisc (add|replace) /m, unmade: /^tc .*qdisc del /m },
  sysctl: { by: 'explain', made: /^(nsenter \S+ )?sysctl /m, unmade: /^/ },
  table: { by: 'explain-modes', made: /^add table /m, unmade: /delete table / },
  element: { by: 'explain', made: /add element /, unmade: /delete element / },
};

/** Where each operation of the product has its case, or why it needs none here; by the beginnings of their names. */
const operations: Readonly<Record<string, CaseFile | string>> = {
  'network create': 'explain',
  'network rm': 'explain',
  'network update': 'explain',
  'network connect': 'explain',
  'network disconnect': 'explain',
  'network limit': 'explain',
  ports: 'explain',
  start: 'explain',
  end: 'explain',
  'trace fix:': 'it changes tables of others, and says itself how it is undone: trace.test.ts',
};

/** What the cases of a file have shown. */
export interface Seen {
  /** What was done, as commands. */
  readonly script: string;
  /** What undoes it. */
  readonly undo: string;
  readonly operations: readonly string[];
}

/** What the transcripts of a file do not show although it has the case for it. */
export function uncovered(file: CaseFile, seen: Seen): string[] {
  const ofKinds = Object.entries(kinds).flatMap(([kind, covered]) => {
    if (typeof covered === 'string' || covered.by !== file) return [];
    const { made, unmade } = covered;
    return [
      ...(made.test(seen.script) ? [] : [`nothing makes: ${kind}`]),
      ...(unmade.test(seen.script + seen.undo) ? [] : [`nothing removes: ${kind}`]),
    ];
  });
  const ofOperations = Object.entries(operations)
    .filter(([, by]) => by === file)
    .filter(([beginning]) => !seen.operations.some((name) => name.startsWith(`${beginning} `)))
    .map(([beginning]) => `no operation: ${beginning}`);
  return [...ofKinds, ...ofOperations];
}

/** Operations in the product's sources of which nobody has said where their case is. */
export function operationsWithoutPlace(): string[] {
  const paths = globSync('packages/{engine,daemon,network}/src/**/*.ts', { cwd: root });
  const sources = paths
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(root, path), 'utf8'));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/operation\(`([^`$]*)\$/g)].map(([, name = '']) => name.trim()),
  );
  if (names.length < 8) throw new Error(`operations are named in another way now: ${names.join(', ')}`);
  return names.filter((name) => !(name in operations));
}
