import type { KeyedMutex } from '@fairlead/base';
import type { ContainerTable } from '../container/container-table.ts';
import type { Containers } from '../container/containers.ts';
import type { EngineContext } from '../context.ts';

/** What builds need of the engine. */
export interface BuildParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly containers: Containers;
  /** Whose turn it is, by container id. */
  readonly turns: KeyedMutex;
}
