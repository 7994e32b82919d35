import { FairleadError } from '@fairlead/base';

const ALLOWED = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** First words of a made-up name. */
const qualities = [
  'able',
  'amber',
  'brave',
  'brisk',
  'calm',
  'clear',
  'clever',
  'copper',
  'crisp',
  'dapper',
  'deft',
  'eager',
  'fair',
  'fleet',
  'gentle',
  'golden',
  'hardy',
  'hazel',
  'honest',
  'jolly',
  'keen',
  'kind',
  'lively',
  'loyal',
  'lucid',
  'mellow',
  'merry',
  'mild',
  'modest',
  'neat',
  'nimble',
  'noble',
  'patient',
  'placid',
  'plucky',
  'proud',
  'quick',
  'quiet',
  'ready',
  'rosy',
  'serene',
  'silver',
  'sober',
  'spry',
  'stout',
  'sturdy',
  'sunny',
  'swift',
  'tidy',
  'trim',
  'trusty',
  'upright',
  'vivid',
  'warm',
  'wise',
];

/** Second words: what one meets at sea. */
const things = [
  'anchor',
  'ballast',
  'barge',
  'beacon',
  'bollard',
  'bow',
  'buoy',
  'cable',
  'capstan',
  'cleat',
  'clipper',
  'compass',
  'cutter',
  'deck',
  'dinghy',
  'dock',
  'ferry',
  'frigate',
  'galley',
  'gull',
  'halyard',
  'harbor',
  'hawser',
  'heron',
  'hull',
  'jetty',
  'jib',
  'keel',
  'ketch',
  'lantern',
  'lighter',
  'lock',
  'lugger',
  'mainsail',
  'marlin',
  'mast',
  'moor',
  'oar',
  'otter',
  'pier',
  'pilot',
  'pontoon',
  'porpoise',
  'quay',
  'reef',
  'rudder',
  'schooner',
  'seal',
  'sextant',
  'shoal',
  'sloop',
  'spar',
  'tern',
  'tide',
  'tug',
  'wharf',
  'winch',
  'yawl',
];

/**
 * Check a name that was asked for; a leading slash, which old clients send, is cut off.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function parseContainerName(text: string): string {
  const name = text.replace(/^\//, '');
  if (ALLOWED.test(name)) return name;
  const rule = 'only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed';
  throw new FairleadError('invalid-argument', `Invalid container name (${text}), ${rule}`);
}

/** A name that nobody asked for and nobody has. */
export function inventName(isTaken: (name: string) => boolean, random: () => number = Math.random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(qualities)}_${pick(things)}${attempt > 4 ? Math.floor(random() * 10 ** (attempt - 3)) : ''}`;
    if (!isTaken(name)) return name;
  }
}
