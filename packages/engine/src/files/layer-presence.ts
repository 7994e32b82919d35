import { FairleadError } from '@fairlead/base';
import type { ContainerTable } from '../container/container-table.ts';
import type { Container } from '../model.ts';

/**
 * Look at a container's layer without waiting for its turn: the layer may go meanwhile, for the container does.
 *
 * @throws FairleadError `not-found` or `conflict` when it did, in place of the fault that came of it.
 */
export async function whileThere<Result>(
  table: Pick<ContainerTable, 'find' | 'get'>,
  reference: string,
  look: (container: Container) => Promise<Result>,
): Promise<Result> {
  const container = table.find(reference);
  try {
    return await look(container);
  } catch (error) {
    const { status } = table.get(container.id)?.state ?? {};
    if (status === undefined) throw new FairleadError('not-found', `No such container: ${reference}`, { cause: error });
    if (status !== 'removing') throw error;
    throw new FairleadError('conflict', `removal of container ${reference} is already in progress`, { cause: error });
  }
}
