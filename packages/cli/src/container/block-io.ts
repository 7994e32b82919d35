import type { Options } from '../command/options.ts';
import { badValue } from '../command/refusal.ts';
import { parseBytes } from '../format/quantity.ts';

const throttles = [
  ['device-read-bps', 'BlkioDeviceReadBps'],
  ['device-write-bps', 'BlkioDeviceWriteBps'],
  ['device-read-iops', 'BlkioDeviceReadIOps'],
  ['device-write-iops', 'BlkioDeviceWriteIOps'],
] as const;

/**
 * The fields of `HostConfig` that share out block devices.
 *
 * @throws FairleadError `invalid-argument` in docker's words.
 */
export function blockIo(options: Options): Record<string, unknown> {
  const weight = options.integer('blkio-weight');
  const weights = options.list('blkio-weight-device').map(parseWeight);
  return {
    ...(weight !== undefined && { BlkioWeight: weight }),
    ...(weights.length > 0 && { BlkioWeightDevice: weights }),
    ...Object.fromEntries(
      throttles.flatMap(([name, field]) => {
        const list = options.list(name).map((text) => parseThrottle(text, name));
        return list.length === 0 ? [] : [[field, list]];
      }),
    ),
  };
}

/** Weights that the kernel knows, besides none. */
const [leastWeight, mostWeight] = [10, 1000];

function parseWeight(text: string): { Path: string; Weight: number } {
  const [path, value] = deviceAndValue(text, 'blkio-weight-device');
  const weight = Number(value);
  const fits = /^\d+$/.test(value) && (weight === 0 || (weight >= leastWeight && weight <= mostWeight));
  if (!fits) throw badValue(text, 'blkio-weight-device', `invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

function parseThrottle(text: string, option: string): { Path: string; Rate: number } {
  const [path, value] = deviceAndValue(text, option);
  const inBytes = option.endsWith('bps');
  const rate = inBytes ? parseBytes(value) : /^\d+$/.test(value) ? Number(value) : undefined;
  if (rate !== undefined) return { Path: path, Rate: rate };
  const form = inBytes ? '<device-path>:<number>[<unit>]' : '<device-path>:<number>';
  const unit = inBytes ? '. Unit is optional and can be kb, mb, or gb' : '';
  const why = `The correct format is ${form}. Number must be a positive integer${unit}`;
  throw badValue(text, option, `invalid rate for device: ${text}. ${why}`);
}

/** `/dev/sda:1mb`. */
function deviceAndValue(text: string, option: string): [path: string, value: string] {
  const [, path = '', value = ''] = /^([^:]*):(.+)$/.exec(text) ?? [];
  if (path === '' || value === '') throw badValue(text, option, `bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw badValue(text, option, `bad format for device path: ${text}`);
  return [path, value];
}
