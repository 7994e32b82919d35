import { FairleadError, goBooleanError, parseGoBoolean } from '@fairlead/base';
import { parseByteSize } from './byte-size.ts';
import { isRemoteLog, type LogConfig } from './log-options.ts';

/** How the files of a log are kept. */
export interface LogShape {
  /** Bytes after which a file is followed by another one; absent means never. */
  readonly maxSize?: number;
  /** Files that are kept, the growing one among them. */
  readonly maxFiles: number;
  /** Whether those that do not grow any more are compressed. */
  readonly compress: boolean;
  /** Bytes of entries beyond which new ones are dropped instead of the container being stopped; absent means never. */
  readonly dropBeyond?: number;
}

/** One file that grows for ever: Docker's `json-file` without options. */
export const plainShape: LogShape = { maxFiles: 1, compress: false };

/** What Docker's `local` is without options (moby/daemon/logger/local). */
const localDefaults = { 'max-size': '20m', 'max-file': '5', compress: 'true' };
const defaultBuffer = '1m';

/**
 * Read how a log's files are to be kept.
 *
 * @throws FairleadError `invalid-argument` in Docker's words, which it says when the container is started.
 */
export function logShape({ type, options }: LogConfig): LogShape {
  try {
    const shape = isRemoteLog(type) ? cacheShape(options) : ownShape(type, options);
    if (options['mode'] !== 'non-blocking') return shape;
    return { ...shape, dropBeyond: parseByteSize(options['max-buffer-size'] ?? defaultBuffer, 1024) ?? 0 };
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    throw new FairleadError(error.code, `failed to initialize logging driver: ${error.message}`);
  }
}

function ownShape(type: string, options: LogConfig['options']): LogShape {
  return fileShape(type, type === 'local' ? { ...localDefaults, ...options } : options);
}

/** As Docker does, what cannot be in the options of a cache does not keep the container from its log. */
function cacheShape(options: LogConfig['options']): LogShape {
  const named = Object.entries(options).flatMap(([name, value]) =>
    name.startsWith('cache-') ? [[name.slice('cache-'.length), value] as const] : [],
  );
  try {
    return ownShape('local', Object.fromEntries(named));
  } catch {
    return ownShape('local', {});
  }
}

function fileShape(type: string, options: LogConfig['options']): LogShape {
  const maxSize = sizeOf(type, options['max-size']);
  const maxFiles = wholeNumber(options['max-file'] ?? '1');
  const compress = truth(options['compress'] ?? 'false');
  if (type === 'local') {
    if (compress && maxFiles < 2) fail('compression cannot be enabled when max file count is 1');
    if (maxFiles < 1) fail('max file count cannot be less than 1');
  } else {
    if (maxFiles < 1) fail('max-file cannot be less than 1');
    if (compress && (maxFiles === 1 || maxSize === undefined)) {
      fail('compress cannot be true when max-file is less than 2 or max-size is not set');
    }
  }
  return { ...(maxSize !== undefined && maxSize > 0 && { maxSize }), maxFiles, compress };
}

function sizeOf(type: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const size = parseByteSize(text, 1000);
  if (size === undefined)
    fail(`${type === 'local' ? `invalid value for max-size: ${text}: ` : ''}invalid size: '${text}'`);
  if (size === 0 && type !== 'local') fail('max-size must be a positive number');
  return size;
}

function wholeNumber(text: string): number {
  if (/^[+-]?\d{1,9}$/.test(text)) return Number(text);
  fail(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function truth(text: string): boolean {
  return parseGoBoolean(text) ?? fail(goBooleanError(text));
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
