import type { PipeCalls, StreamLayout } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../../model.ts';
import { containerFiles, containerLog } from '../file/container-files.ts';

/** Which pipes a container has and where, and how they are opened: output that can be read again is kept until it is logged. */
export function containerPipes(
  container: Container,
  { settings, pipeCalls }: Pick<EngineContext, 'settings' | 'pipeCalls'>,
): { readonly layout: StreamLayout; readonly calls: PipeCalls } {
  const { id, config } = container;
  const isLogged = containerLog(container, settings) !== undefined;
  return {
    layout: { directory: containerFiles(settings, id).pipes, stdin: config.openStdin, terminal: config.tty },
    calls: isLogged ? pipeCalls : { ...pipeCalls, keeping: undefined },
  };
}
