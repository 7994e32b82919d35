import type { OpenNamespace } from '@fairlead/kernel';
import { readLegacyTablesHere } from '@fairlead/kernel/tracing';
import { type LegacyDrop, legacyDrops } from '../legacy/legacy-drops.ts';
import { type LegacyRules, legacyRules } from '../legacy/legacy-rules.ts';

/** Counters of the older iptables, of whose rules the kernel tells nobody which one a packet has met. */
export class LegacyWatch {
  readonly #before: ReadonlyMap<OpenNamespace, readonly LegacyRules[]>;

  /** Looks at the counters as they are now. */
  constructor(namespaces: readonly OpenNamespace[]) {
    this.#before = new Map(namespaces.map((namespace) => [namespace, read(namespace)]));
  }

  /** What has dropped packets there since; `undefined` for a namespace that was not looked at. */
  dropsIn(namespace: OpenNamespace): LegacyDrop[] | undefined {
    const before = this.#before.get(namespace);
    return before && legacyDrops(before, read(namespace));
  }
}

function read(namespace: OpenNamespace): LegacyRules[] {
  return namespace.enter(readLegacyTablesHere).map(legacyRules);
}
