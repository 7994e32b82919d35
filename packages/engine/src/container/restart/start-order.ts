import type { Container } from '../../model.ts';

/** A container to be started, and those that have to be tried before it. */
export interface Turn {
  readonly id: string;
  /** Ids of containers that stand earlier in the order. */
  readonly after: readonly string[];
}

/**
 * The order in which containers are started together: as they were created, but those whose namespaces or names others
 * use before these.
 *
 * @param find the container that a name or an id stands for.
 */
export function startOrder(
  containers: readonly Container[],
  find: (reference: string) => Container | undefined,
): readonly Turn[] {
  const wanted = new Set(containers.map(({ id }) => id));
  const order = new Map<string, Turn>();
  const place = (container: Container, path: ReadonlySet<string>) => {
    // Two that wait for each other: whoever is asked first goes last.
    if (order.has(container.id) || path.has(container.id)) return;
    const needed = needs(container, find).filter(({ id }) => wanted.has(id));
    for (const other of needed) place(other, new Set([...path, container.id]));
    const after = needed.map(({ id }) => id).filter((id) => order.has(id));
    order.set(container.id, { id: container.id, after });
  };
  for (const container of containers.toSorted((a, b) => a.created - b.created)) place(container, new Set());
  return [...order.values()];
}

/** Whose network, processes or memory a container shares, and whom it links to. */
function needs({ config }: Container, find: (reference: string) => Container | undefined): Container[] {
  const { networkMode, pidMode, ipcMode, links } = config.host;
  const donors = [networkMode, pidMode, ipcMode].flatMap((mode) => /^container:(.+)/.exec(mode)?.[1] ?? []);
  const linked = links.map((link) => link.replace(/:[^:]*$/, ''));
  return [...donors, ...linked].flatMap((reference) => find(reference) ?? []);
}
