import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import type { MountRequest } from '../../volume/volume-model.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** Options exclude each other within a row (moby, volume/mounts/linux_parser.go). */
const EXCLUSIVE: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  PROPAGATIONS,
  ['nocopy'],
  ['consistent', 'cached', 'delegated'],
];

/**
 * Read a `-v` of the form `[source:]destination[:options]`; without a source it asks for an anonymous volume.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseBind(text: string): MountRequest & { readonly mode: string } {
  const fields = text.split(':');
  const isShort = fields.length === 1;
  const [source = '', target = '', mode = ''] = isShort ? ['', text] : fields;
  // `/data:rw` would be a mode without a source to apply to.
  const isModeForTarget = fields.length === 2 && isMode(target);
  if (text === '' || fields.length > 3 || fields[0] === '' || isModeForTarget) throw invalid(text);
  const type = source.startsWith('/') ? 'bind' : 'volume';
  if (!isMode(mode)) throw new FairleadError('invalid-argument', `invalid mode: ${mode}`);
  requireTarget(text, type, target);
  const options = mode.split(',');
  const propagation = options.find((option) => PROPAGATIONS.includes(option));
  if (type === 'bind' && options.includes('nocopy')) throw invalidMount(text, type, foreign('VolumeOptions'));
  if (type === 'volume' && propagation !== undefined) throw invalidMount(text, type, foreign('BindOptions'));
  return {
    type,
    source: type === 'bind' ? clean(source) : source,
    target: clean(target),
    readOnly: options.includes('ro'),
    mode,
    ...(propagation && { propagation }),
  };
}

function isMode(mode: string): boolean {
  if (mode === '') return true;
  const options = mode.split(',');
  const rows = options.map((option) => EXCLUSIVE.findIndex((row) => row.includes(option)));
  return !rows.includes(-1) && new Set(rows).size === rows.length;
}

function requireTarget(text: string, type: string, target: string): void {
  if (!target.startsWith('/')) {
    throw invalidMount(text, type, `invalid mount path: '${target}' mount path must be absolute`);
  }
  if (clean(target) === '/') throw invalidMount(text, type, "invalid specification: destination can't be '/'");
}

function foreign(options: string): string {
  return `field ${options} must not be specified`;
}

function invalidMount(text: string, type: string, reason: string): FairleadError {
  return invalid(text, `: invalid mount config for type "${type}": ${reason}`);
}

function invalid(text: string, reason = ''): FairleadError {
  return new FairleadError('invalid-argument', `invalid volume specification: '${text}'${reason}`);
}

/** As Go's path.Clean, which also drops a slash at the end. */
function clean(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}
