import type { OpenNamespace } from '@fairlead/kernel';
import { readLegacyTablesHere } from '@fairlead/kernel/tracing';
import { legacyRules } from '../legacy/legacy-rules.ts';
import type { Tell } from './foreign-batch.ts';
import { LegacyChanges } from './legacy-changes.ts';

/** Tables of the older iptables, of whose changes the kernel tells nobody: they are compared. */
export class LegacyEvents {
  readonly #host: OpenNamespace;
  readonly #tell: Tell;
  readonly #changes: LegacyChanges;

  constructor(host: OpenNamespace, tell: Tell) {
    this.#host = host;
    this.#tell = tell;
    this.#changes = new LegacyChanges(this.#read());
  }

  /** Look for changes. */
  compare(): void {
    for (const change of this.#changes.seen(this.#read())) {
      this.#tell({ kind: 'foreign', what: 'firewall', ...change }, Date.now());
    }
  }

  #read() {
    return this.#host.enter(readLegacyTablesHere).map(legacyRules);
  }
}
