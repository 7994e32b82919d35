import { FairleadError, messageOf, settleAll, usualModule, withPrefix } from '@fairlead/base';
import { type Network, requirePlausibleEndpoint } from '@fairlead/network';
import type { EngineContext } from '../context.ts';
import type { Container } from '../model.ts';
import type { ContainerVolumes } from '../volume/container-volumes.ts';
import type { DescribedVolume } from '../volume/volumes.ts';
import type { ContainerConfig } from './configuration/container-config.ts';
import { settledFields, settledHost } from './configuration/container-defaults.ts';
import { makeContainer } from './configuration/container-factory.ts';
import { inventName, parseContainerName } from './configuration/container-name.ts';
import { ignoreMissing } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { markContainer } from './file/container-mark.ts';
import { requireFitForUserNamespace } from './isolation/user-namespace.ts';
import type { ContainerTurns } from './life/patience.ts';
import { plannedMounts, requireBindSources } from './mount/mount-plan.ts';
import type { LegacyLinks } from './network/legacy-links.ts';
import { networkWarnings } from './network/network-plan.ts';

const isolation = usualModule(() => import('./isolation/isolation.ts'));
const limitSupport = usualModule(() => import('./isolation/limit-support.ts'));

/** What {@link ContainerCreation} works with. */
export interface CreationParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly volumes: ContainerVolumes;
  readonly links: LegacyLinks;
  /** Whose turn it is, by container id. */
  readonly turns: ContainerTurns;
}

/** New containers: first what they will be, then what they consist of. */
export class ContainerCreation {
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #volumes: ContainerVolumes;
  readonly #links: LegacyLinks;
  readonly #turns: ContainerTurns;

  constructor({ context, table, volumes, links, turns }: CreationParts) {
    this.#context = context;
    this.#table = table;
    this.#volumes = volumes;
    this.#links = links;
    this.#turns = turns;
  }

  /**
   * A container as it would be made, and what with it; nothing is made or remembered.
   *
   * @throws FairleadError in Docker's words.
   */
  async draft(request: ContainerConfig & { readonly name?: string }, marks: Pick<Container, 'isBuildStep'> = {}) {
    const { name: wanted, ...asked } = request;
    const { settings, host: machine } = this.#context;
    const host = settledHost(asked.host, settings);
    const other = settledFields(asked, machine.unifiedCgroup, settings.containerDefaults);
    const { config, warnings } = await this.#supported({ ...asked, host, other });
    const name = wanted ? parseContainerName(wanted) : inventName((candidate) => this.#table.hasName(candidate));
    this.#table.requireFreeName(name);
    await this.#validate(config);
    const { image, chainId } = await this.#context.images.resolveForCreate(config.image);
    const { mounts, volumes } = await this.#volumes.decide(config, image);
    const container = { ...makeContainer(name, this.#pinLinks(this.#pinDonor(config)), image), ...marks, mounts };
    this.#table.requireFreeName(name);
    const lacks = networkWarnings(config, this.#context.settings);
    return { container, image, chainId, volumes, warnings: [...lacks, ...warnings] };
  }

  /**
   * Make everything of a container, or nothing.
   *
   * @param chainId of the layers below its own; '' for none.
   * @param volumes as {@link draft} has described them.
   * @throws what kept something from being made.
   */
  async make(container: Container, chainId: string, volumes: readonly DescribedVolume[]): Promise<void> {
    const { store, containerd } = this.#context;
    const { id } = container;
    const missing = store.transaction(() => {
      this.#table.put(container);
      return this.#volumes.record(volumes);
    });
    try {
      // Whoever starts or removes it by its name meanwhile waits.
      await this.#turns.run(id, async () => {
        const patiently = (work: (signal: AbortSignal) => Promise<void>) => this.#turns.patiently(id, {}, work);
        await patiently((signal) => this.#volumes.make(container, missing, signal));
        const layers = await containerd.snapshots.prepareRoot(id, chainId);
        markContainer(layers);
        await patiently((signal) => this.#volumes.fill(id, layers, signal));
      });
    } catch (error) {
      await this.#takeBack(container);
      throw error;
    }
  }

  /** Volumes with a name stay: somebody else may have seen them. */
  async #takeBack(container: Container): Promise<void> {
    const gone = this.#context.store.transaction(() => {
      this.#table.delete(container.id);
      return this.#volumes.markRemoved(container);
    });
    const removeLayer = () => this.#context.containerd.snapshots.remove(container.id).catch(ignoreMissing);
    await settleAll([() => this.#volumes.remove(container, gone), removeLayer]);
  }

  /** @throws FairleadError `invalid-argument` for what can be known to fail before anything is made. */
  async #validate(config: ContainerConfig): Promise<void> {
    const { requireIsolation } = await isolation();
    requireIsolation(config);
    requireFitForUserNamespace(config, this.#context.settings);
    this.#requireDonors(config);
    plannedMounts(config);
    requireBindSources(config);
    for (const { network, config: endpoint } of config.networks) {
      try {
        requirePlausibleEndpoint(network, this.#networkOf(network), endpoint);
      } catch (error) {
        throw withPrefix(`invalid config for network ${network}: `, error);
      }
    }
  }

  /** It need not be there before the start. */
  #networkOf(reference: string): Network | undefined {
    try {
      return this.#context.network.findNetwork(reference);
    } catch {
      return undefined;
    }
  }

  /** What was asked for without what the kernel cannot do. */
  async #supported(config: ContainerConfig) {
    const { readLimitSupport, supportedConfig } = await limitSupport();
    return supportedConfig(config, readLimitSupport(this.#context.host.unifiedCgroup));
  }

  /** Containers whose namespaces are to be shared. @throws FairleadError `invalid-argument`. */
  #requireDonors({ host }: ContainerConfig): void {
    for (const mode of [host.networkMode, host.pidMode, host.ipcMode]) {
      if (!mode.startsWith('container:')) continue;
      const donor = mode.slice('container:'.length);
      try {
        this.#table.find(donor);
      } catch (error) {
        // Not `not-found`: clients would take that for the image, and pull it.
        throw new FairleadError('invalid-argument', messageOf(error), { cause: error });
      }
    }
  }

  /** `container:NAME` is kept by id: the name may go to another container. */
  #pinDonor(config: ContainerConfig): ContainerConfig {
    const { networkMode } = config.host;
    if (!networkMode.startsWith('container:')) return config;
    const donor = this.#table.find(networkMode.slice('container:'.length));
    return { ...config, host: { ...config.host, networkMode: `container:${donor.id}` } };
  }

  #pinLinks(config: ContainerConfig): ContainerConfig {
    const links = this.#links.pin(config.host);
    return { ...config, host: { ...config.host, links } };
  }
}
