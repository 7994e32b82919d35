import { FairleadError } from '@fairlead/base';

/** Modes that may stand behind the name, and those of them that go together. */
const modes: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  ['consistent', 'cached', 'delegated'],
];

/** A container whose mounts another one takes over. */
export interface VolumesFrom {
  /** Name or id. */
  readonly container: string;
  readonly readOnly: boolean;
}

/**
 * Read a `--volumes-from`: `NAME[:ro]`.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseVolumesFrom(text: string): VolumesFrom {
  if (text === '') throw invalid('volumes-from specification cannot be an empty string');
  const at = text.indexOf(':');
  const [container, mode] = at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  const options = mode === '' ? [] : mode.split(',');
  const rows = options.map((option) => modes.findIndex((row) => row.includes(option)));
  if (rows.includes(-1) || new Set(rows).size !== rows.length) throw invalid(`invalid mode: ${mode}`);
  return { container, readOnly: options.includes('ro') };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
