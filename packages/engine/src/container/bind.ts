import { FairleadError } from '@fairlead/base';
import type { MountRequest } from '../model.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const IGNORED = ['rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated'];

/**
 * Read a `-v` of the form `source:destination[:options]`.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseBind(text: string): MountRequest & { readonly mode: string } {
  const [source = '', target = '', mode = '', ...rest] = text.split(':');
  const invalid = (reason: string) => new FairleadError('invalid-argument', reason);
  if (rest.length > 0 || source === '' || target === '') throw invalid(`invalid volume specification: '${text}'`);
  if (!target.startsWith('/')) throw invalid(`invalid volume specification: '${text}': invalid mount config for type "bind": invalid mount path: '${target}' mount path must be absolute`);
  if (normalize(target) === '/') throw invalid(`invalid volume specification: '${text}': invalid mount config for type "bind": invalid specification: destination can't be '/'`);
  const options = mode.split(',').filter((option) => option !== '');
  for (const option of options) {
    if (![...PROPAGATIONS, ...IGNORED, 'ro'].includes(option)) throw invalid(`invalid mode: ${mode}`);
  }
  const propagation = options.find((option) => PROPAGATIONS.includes(option));
  return {
    type: source.startsWith('/') ? 'bind' : 'volume',
    source,
    target: normalize(target),
    readOnly: options.includes('ro'),
    mode,
    ...(propagation && { propagation }),
  };
}

function normalize(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}
