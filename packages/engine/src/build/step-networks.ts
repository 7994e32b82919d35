import { newIdentifier } from '@fairlead/base';
import { addressWithLength, type Endpoint, type Network } from '@fairlead/network';
import type { EngineContext } from '../context.ts';

/** What the steps of BuildKit's builds have of a network. */
interface StepInterface {
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** The default network for the steps of BuildKit's builds, as containers have it: namespaces of the engine's own. */
export class BuildStepNetworks {
  readonly #context: Pick<EngineContext, 'network' | 'operation' | 'fileSystems' | 'namespacePath' | 'settings'>;
  /** By what buildkitd calls them. */
  readonly #sandboxes = new Map<string, { readonly id: string; readonly owner: string }>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /**
   * Let a namespace on the default network stand where buildkitd has put one without any; without a default network it
   * has nothing but its loopback.
   */
  async attach(id: string, path: string): Promise<StepInterface> {
    const { network, operation, fileSystems, namespacePath, settings } = this.#context;
    return await operation('network of a build step', async () => {
      const owner = newIdentifier();
      const request = {
        owner,
        ownerName: `build-${owner.slice(0, 12)}`,
        mode: 'own',
        ports: [],
        dns: settings.dns,
      } as const;
      const sandbox = await network.openSandbox(request);
      this.#sandboxes.set(id, { id: sandbox.id, owner });
      try {
        const bridge = network.networks().find(({ name }) => name === 'bridge');
        const wanted = bridge === undefined ? [] : [{ network: bridge, hostname: owner.slice(0, 12), config: {} }];
        const [endpoint] = await network.join(sandbox.id, wanted);
        const source = namespacePath(sandbox.namespace);
        await fileSystems.mount({ source, target: path, type: 'none', options: 'bind' });
        return interfaceOf(bridge, endpoint);
      } catch (error) {
        await this.#close(id);
        throw error;
      }
    });
  }

  /** Take it away again: buildkitd takes away what it has put there itself. */
  async detach(id: string, path: string): Promise<void> {
    this.#context.fileSystems.unmount(path);
    await this.#context.operation('end of a build step', () => this.#close(id));
  }

  async #close(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    this.#sandboxes.delete(id);
    const { network } = this.#context;
    await network.closeSandbox(sandbox.id);
    network.releaseLeases(sandbox.owner);
  }
}

function interfaceOf(network: Network | undefined, endpoint: Endpoint | undefined): StepInterface {
  const addresses = ([4, 6] as const).flatMap((family) => {
    const address = network && endpoint && addressWithLength(endpoint, network, family);
    return address === undefined ? [] : [address];
  });
  return { name: endpoint?.interface ?? 'eth0', mac: endpoint?.mac ?? '', addresses };
}
