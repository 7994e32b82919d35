import { FairleadError } from '@fairlead/base';
import type { ComposeFile, ComposeNetwork, ComposeVolume } from './compose-config.ts';
import { compact, extensionsOf, type Surroundings } from './service.ts';
import { texts } from './values.ts';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** Networks of a file that has been checked. */
export function readNetworks(section: unknown): Record<string, ComposeNetwork> {
  return eachOf(section, (name, value) => {
    const ipam = isDictionary(value['ipam']) ? compact(value['ipam']) : undefined;
    return {
      name: externalName('network', name, value),
      driver: value['driver'],
      driver_opts: texts(value['driver_opts']),
      ipam,
      external: isExternal(value),
      internal: value['internal'] || undefined,
      attachable: value['attachable'] || undefined,
      labels: texts(value['labels']),
    };
  });
}

/** Volumes of a file that has been checked. */
export function readVolumes(section: unknown): Record<string, ComposeVolume> {
  return eachOf(section, (name, value) => {
    const own = ['driver', 'driver_opts', 'labels'].find(
      (key) => Object.keys(compact({ value: value[key] })).length > 0,
    );
    if (isExternal(value) && own !== undefined) {
      throw invalid(
        `conflicting parameters "external" and ${JSON.stringify(own)} specified for volume ${JSON.stringify(name)}`,
      );
    }
    return {
      name: externalName('volume', name, value),
      driver: value['driver'],
      driver_opts: texts(value['driver_opts']),
      external: isExternal(value),
      labels: texts(value['labels']),
    };
  });
}

/** Secrets or configs of a file that has been checked. */
export function readFiles(
  kind: 'secret' | 'config',
  section: unknown,
  { locate }: Surroundings,
): Record<string, ComposeFile> {
  return eachOf(section, (name, value) => {
    const { driver, file = '' } = value;
    if (!isExternal(value) && driver && file) {
      throw invalid(`${kind} ${name}: ${kind}.driver and ${kind}.file conflict; only use ${kind}.driver`);
    }
    return {
      name: externalName(kind, name, value),
      file: isExternal(value) || driver ? file : locate(String(file)),
      external: isExternal(value),
      labels: texts(value['labels']),
      driver,
      driver_opts: texts(value['driver_opts']),
      template_driver: value['template_driver'],
    };
  });
}

function eachOf<T>(section: unknown, read: (name: string, value: Dictionary) => Dictionary): Record<string, T> {
  const entries = Object.entries(isDictionary(section) ? section : {}).map(([name, given]) => {
    const value = isDictionary(given) ? given : {};
    return [name, compact({ ...read(name, value), ...extensionsOf(value) }) as T] as const;
  });
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function isExternal({ external }: Dictionary): true | undefined {
  return external === true || isDictionary(external) ? true : undefined;
}

/** The name that something external has outside of the file. */
function externalName(kind: string, name: string, value: Dictionary): unknown {
  if (!isExternal(value)) return value['name'];
  const outside = isDictionary(value['external']) ? value['external']['name'] : undefined;
  if (outside && value['name']) {
    throw invalid(`${kind} ${name}: ${kind}.external.name and ${kind}.name conflict; only use ${kind}.name`);
  }
  return outside || value['name'] || name;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
