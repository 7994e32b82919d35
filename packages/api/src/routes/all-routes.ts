import type { EnginePort } from '@fairlead/engine';
import type { Route } from '../http/route.ts';
import { commitRoutes } from './commit.ts';
import { containerFileRoutes } from './container-files.ts';
import { containerLifeRoutes } from './container-life.ts';
import { containerStreamRoutes } from './container-streams.ts';
import { containerRoutes } from './containers.ts';
import { execRoutes } from './execs.ts';
import { fairleadRoutes } from './fairlead.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { registryRoutes } from './registries.ts';
import { statisticsRoutes } from './statistics.ts';
import { systemRoutes } from './system.ts';
import { unsupportedRoutes } from './unsupported.ts';
import { volumeRoutes } from './volumes.ts';

/** Every route there is: the one table. Refusals stand before images, whose names may contain slashes. */
export function allRoutes(engine: EnginePort, productVersion: string): Route[] {
  return [
    ...systemRoutes(engine, productVersion),
    ...containerRoutes(engine),
    ...containerLifeRoutes(engine),
    ...containerStreamRoutes(engine),
    ...containerFileRoutes(engine),
    ...commitRoutes(engine),
    ...statisticsRoutes(engine),
    ...registryRoutes(engine),
    ...execRoutes(engine),
    ...networkRoutes(engine),
    ...volumeRoutes(engine),
    ...unsupportedRoutes(),
    ...imageRoutes(engine),
    ...fairleadRoutes(engine, productVersion),
  ];
}
