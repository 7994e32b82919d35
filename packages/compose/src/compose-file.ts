import { FairleadError } from '@fairlead/base';
import type { ComposeConfig } from './compose-config.ts';
import { fileShape } from './file-shape.ts';
import { mergeConfigs } from './merge.ts';
import { oddProperties } from './properties.ts';
import { readFiles, readNetworks, readVolumes } from './sections.ts';
import { compact, extensionsOf, readService, type Surroundings } from './service.ts';
import { faultsOf, foremostFault } from './shape.ts';
import { fillIn } from './variables.ts';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** The version of the format when a file says none. */
const newest = '3.13';

/**
 * What files say together.
 *
 * @param files in order; a later one goes over those before it.
 * @param options.fills false to leave variables as they are written.
 * @throws FairleadError `invalid-argument` in docker's words for what a file cannot say.
 */
export function loadCompose(
  files: readonly Dictionary[],
  surroundings: Surroundings,
  { fills = true }: { readonly fills?: boolean } = {},
): ComposeConfig {
  const [first = {}] = files;
  const version = versionOf(first);
  const configs = files.map((file) => {
    const own = versionOf(file);
    if (own !== version) throw invalid(`version mismatched between two composefiles : ${version} and ${own}`);
    if (oddProperties([file]).forbidden.length > 0) throw invalid('Configuration contains forbidden properties');
    const filled = fills ? fillIn(file, surroundings.environment) : file;
    check(filled, own);
    return readFile(filled, own, surroundings);
  });
  return mergeConfigs(configs);
}

function versionOf(file: Dictionary): string {
  const version = String(file['version'] ?? '');
  return version === '' || version === '3' ? newest : version;
}

function check(file: Dictionary, version: string): void {
  if (!/^3\.(\d|1[0-3])$/.test(version)) throw invalid(`unsupported Compose file version: ${version}`);
  const fault = foremostFault(faultsOf(fileShape, file));
  if (fault === undefined) return;
  throw invalid(`${fault.path.length === 0 ? '(root)' : fault.path.join('.')} ${fault.problem}`);
}

function readFile(file: Dictionary, version: string, surroundings: Surroundings): ComposeConfig {
  const services = Object.entries(isDictionary(file['services']) ? file['services'] : {}).map(
    ([name, service]) => [name, readService(isDictionary(service) ? service : {}, surroundings)] as const,
  );
  const sections = compact({
    networks: readNetworks(file['networks']),
    volumes: readVolumes(file['volumes']),
    secrets: readFiles('secret', file['secrets'], surroundings),
    configs: readFiles('config', file['configs'], surroundings),
  });
  return {
    version,
    services: Object.fromEntries(services.sort(([left], [right]) => (left < right ? -1 : 1))),
    ...sections,
    ...extensionsOf(file),
  };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
