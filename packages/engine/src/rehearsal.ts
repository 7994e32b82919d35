import { silentLogger } from '@fairlead/base';
import type { NetworkController } from '@fairlead/network';
import type { Store } from '@fairlead/store';
import type { ContainerConfig } from './container/configuration/container-config.ts';
import { NotedChanges } from './container/configuration/noted-changes.ts';
import { ContainerTable } from './container/container-table.ts';
import type { ContainerCreation } from './container/creation.ts';
import { ContainerTurns } from './container/life/patience.ts';
import { RehearsedLife } from './container/life/rehearsed-life.ts';
import { SandboxStart } from './container/life/sandbox-start.ts';
import { LegacyLinks } from './container/network/legacy-links.ts';
import type { EngineContext } from './context.ts';
import type { Container } from './model.ts';
import { NetworkServices } from './network-service.ts';
import type { Rehearsal, RehearsalOutcome } from './rehearsal-port.ts';

/** Where operations are rehearsed: a network model that changes neither what is stored nor the machine. */
export interface RehearsalStage extends Disposable {
  readonly network: NetworkController;
  /** The copy that it works on. */
  readonly store: Store;
  /** Counts what work does on the stage to one operation. */
  readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** @throws NetlinkError when the machine's kernel would refuse what the stage has borne. */
  outcome(): Promise<RehearsalOutcome>;
}

/** The engine's operations on a stage, by the code that does them in earnest. */
export class EngineRehearsal implements Rehearsal {
  readonly networks: NetworkServices;
  readonly #stage: RehearsalStage;
  readonly #table: ContainerTable;
  readonly containers: RehearsedLife;
  readonly #creation: Pick<ContainerCreation, 'draft'>;
  readonly #notes: string[] = [];
  readonly #warnings: string[] = [];

  constructor(context: EngineContext, creation: Pick<ContainerCreation, 'draft'>, stage: RehearsalStage) {
    const { network, store, operation } = stage;
    const table = new ContainerTable(store.collection<Container>('container'));
    const links = new LegacyLinks(table, network);
    const files = { update: () => {} };
    const turns = new ContainerTurns();
    const logger = silentLogger;
    const changes = new NotedChanges({ network, table, rewriteFiles: () => {}, logger });
    this.networks = new NetworkServices({ network, table, files, links, turns, changes, operation, logger });
    this.#stage = stage;
    this.#table = table;
    this.#creation = creation;
    const start = new SandboxStart({ context: { ...context, network }, table, links });
    const note = (text: string) => void this.#notes.push(text);
    this.containers = new RehearsedLife({ table, start, network, operation, note });
  }

  async run(request: ContainerConfig & { readonly name?: string }): Promise<void> {
    const { container, warnings } = await this.#creation.draft(request);
    this.#warnings.push(...warnings);
    this.#table.put(container);
    await this.containers.begin(container);
  }

  async outcome(): Promise<RehearsalOutcome> {
    const { warnings, groups, ...outcome } = await this.#stage.outcome();
    const notes = this.#notes.map((reason) => ({ reason, microseconds: 0, commands: [] }));
    return { ...outcome, groups: [...notes, ...groups], warnings: [...this.#warnings, ...warnings] };
  }

  [Symbol.dispose](): void {
    this.#stage[Symbol.dispose]();
  }
}
