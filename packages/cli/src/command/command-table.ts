import type { CommandDefinition } from './command.ts';
import { containerCommands } from './container-commands.ts';
import { containerContentCommands } from './container-content-commands.ts';
import { containerWatchCommands } from './container-watch-commands.ts';
import { imageCommands } from './image-commands.ts';
import { machineCommands } from './machine-commands.ts';
import { networkCommands } from './network-commands.ts';
import { nodeCommands } from './node-commands.ts';
import { payloadCommands } from './payload-commands.ts';
import { pluginCommands } from './plugin-commands.ts';
import { portCommands } from './port-commands.ts';
import { serviceCommands } from './service-commands.ts';
import { stackCommands } from './stack-commands.ts';
import { swarmCommands } from './swarm-commands.ts';
import { volumeCommands } from './volume-commands.ts';

/** Every command of `fairlead`, in the order in which help lists them. */
export const commandTable: readonly CommandDefinition[] = [
  ...containerCommands,
  ...containerWatchCommands,
  ...containerContentCommands,
  ...imageCommands,
  ...networkCommands,
  ...portCommands,
  ...volumeCommands,
  ...pluginCommands,
  ...swarmCommands,
  ...nodeCommands,
  ...serviceCommands,
  ...stackCommands,
  ...payloadCommands,
  ...machineCommands,
];
