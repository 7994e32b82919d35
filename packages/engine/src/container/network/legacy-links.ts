import { FairleadError, isNotFound, messageOf } from '@fairlead/base';
import type { Endpoint, NetworkController } from '@fairlead/network';
import type { Container } from '../../model.ts';
import { isUp } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { linkEnvironment } from './link-environment.ts';
import { donorIdOf, exposedPorts } from './network-plan.ts';

/** Network whose containers find each other by links only. */
const NETWORK = 'bridge';

/** Networks that have names, where a link is one more of them. */
const modesWithoutNames: readonly string[] = ['', 'default', NETWORK, 'none'];

/** A line of `/etc/hosts`. */
export interface HostsLine {
  readonly address: NonNullable<Endpoint['ipv4']>;
  readonly names: readonly string[];
}

/** Another container, and what it is called here. */
interface Link {
  readonly target: Container;
  readonly alias: string;
}

/** Links on the default bridge (`--link`): lines in `/etc/hosts`, and variables where the operator wants them. */
export class LegacyLinks {
  readonly #table: Pick<ContainerTable, 'find' | 'get'> & Iterable<Container>;
  readonly #network: Pick<NetworkController, 'endpointsIn' | 'findNetwork'>;

  constructor(
    table: Pick<ContainerTable, 'find' | 'get'> & Iterable<Container>,
    network: Pick<NetworkController, 'endpointsIn' | 'findNetwork'>,
  ) {
    this.#table = table;
    this.#network = network;
  }

  /**
   * The links of a container that is about to be made, each by the id of its target: the name may go to another one.
   *
   * @throws FairleadError `invalid-argument` in Docker's words.
   */
  pin({ networkMode, links }: Container['config']['host']): readonly string[] {
    if (!modesWithoutNames.includes(networkMode)) return links;
    return links.map((text) => {
      const { target, alias } = parseLegacyLink(text);
      const container = this.#targetOf(target);
      if (container.config.host.networkMode === 'host') {
        const reason = "host type networking can't be used with links. This would result in undefined behavior";
        throw new FairleadError('invalid-argument', `conflicting options: ${reason}`);
      }
      return `${container.id}:${alias}`;
    });
  }

  /**
   * Check that everybody whom a container links to can be reached.
   *
   * @throws FairleadError `internal` in Docker's words.
   */
  requireRunning(container: Container): void {
    for (const { target, alias } of this.#linksOf(container)) {
      if (!isUp(target)) {
        const what = `/${target.name} AS /${container.name}/${alias}`;
        throw new FairleadError('internal', `Cannot link to a non running container: ${what}`);
      }
      if (this.#endpointOf(target) === undefined) {
        throw new FairleadError('internal', `container ${target.id} not attached to default bridge network`);
      }
    }
  }

  /** Lines for those whom a container links to and who run. */
  hosts(container: Container): HostsLine[] {
    return this.#linksOf(container).flatMap(({ target, alias }) => {
      const { ipv4, ipv6 } = this.#endpointOf(target) ?? {};
      const hostname = target.config.hostname || target.id.slice(0, 12);
      const names = [...new Set([alias, hostname, target.name])];
      return [ipv4, ipv6].flatMap((address) => (address === undefined ? [] : [{ address, names }]));
    });
  }

  /** Variables about those whom a container links to. */
  variables(container: Container): string[] {
    return this.#linksOf(container).flatMap(({ target, alias }) => {
      const address = this.#endpointOf(target)?.ipv4;
      if (address === undefined) return [];
      return linkEnvironment({
        alias,
        name: `/${container.name}/${alias}`,
        address,
        ports: exposedPorts(target, []),
        environment: target.env,
      });
    });
  }

  /** Containers that run and have a line for this one. */
  linkersOf({ id }: Container): Container[] {
    return [...this.#table].filter(
      (container) => isUp(container) && this.#linksOf(container).some(({ target }) => target.id === id),
    );
  }

  /** The links of a container as `docker inspect` shows them: `/db:/web/db`. */
  shown(container: Container): readonly string[] {
    const { networkMode, links } = container.config.host;
    if (!modesWithoutNames.includes(networkMode)) return links;
    return this.#linksOf(container).map(({ target, alias }) => `/${target.name}:/${container.name}/${alias}`);
  }

  /** What containers that link to this one call it: `web/db`. */
  namesOf({ id }: Container): readonly string[] {
    return [...this.#table].flatMap((linker) =>
      this.#linksOf(linker)
        .filter(({ target }) => target.id === id)
        .map(({ alias }) => `${linker.name}/${alias}`),
    );
  }

  /**
   * A container as it is without one of its links.
   *
   * @param name `web/db`, the link `db` of the container `web`.
   * @throws FairleadError in Docker's words: `not-found`; `conflict` for the name of a container itself.
   */
  without(name: string): Container {
    if (/^\/?[^/]+$/.test(name)) {
      this.#table.find(name);
      throw new FairleadError('conflict', 'Conflict, cannot remove the default link name of the container');
    }
    const [, linkerName = '', alias = ''] = /^\/?([^/]+)\/([^/]+)$/.exec(name) ?? [];
    const linker = [...this.#table].find((container) => container.name === linkerName);
    const link = linker && this.#linksOf(linker).find((one) => one.alias === alias);
    if (linker === undefined || link === undefined) throw new FairleadError('not-found', `No such container: ${name}`);
    const { config } = linker;
    const links = config.host.links.filter((text) => parseLegacyLink(text).alias !== alias);
    return { ...linker, config: { ...config, host: { ...config.host, links } } };
  }

  #linksOf({ config }: Container): Link[] {
    const { networkMode, links } = config.host;
    if (links.length === 0 || !modesWithoutNames.includes(networkMode)) return [];
    return links.flatMap((text) => {
      const { target: reference, alias } = parseLegacyLink(text);
      const target = this.#table.get(reference);
      return target === undefined ? [] : [{ target, alias }];
    });
  }

  #endpointOf({ sandbox }: Container): Endpoint | undefined {
    if (sandbox === undefined) return undefined;
    return this.#network.endpointsIn(sandbox).find(({ network }) => this.#isDefault(network));
  }

  #isDefault(id: string): boolean {
    return this.#network.findNetwork(id).name === NETWORK;
  }

  /** Who shares another one's network is reached there. */
  #targetOf(reference: string): Container {
    try {
      const container = this.#table.find(reference);
      const donor = donorIdOf(container);
      return donor === undefined ? container : this.#targetOf(donor);
    } catch (error) {
      // Docker: "not found" would be taken for the image's.
      if (!isNotFound(error)) throw error;
      throw new FairleadError('invalid-argument', `could not get container for ${reference}: ${messageOf(error)}`);
    }
  }
}

/**
 * `container:alias`, a name alone, or `/container:/linker/alias` as `inspect` shows it.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
function parseLegacyLink(text: string): { readonly target: string; readonly alias: string } {
  const [target = '', alias, ...more] = text.split(':');
  if (text === '') throw new FairleadError('invalid-argument', 'empty string specified for links');
  if (more.length > 0) throw new FairleadError('invalid-argument', `bad format for links: ${text}`);
  if (alias === undefined) return { target, alias: target };
  return target.startsWith('/') ? { target: target.slice(1), alias: alias.replace(/^.*\//, '') } : { target, alias };
}
