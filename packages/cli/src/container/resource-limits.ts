import { FairleadError } from '@fairlead/base';
import type { Options } from '../command/options.ts';
import { parseBytes } from '../format/quantity.ts';

/**
 * The fields of `HostConfig` that limit what a container may use.
 *
 * @throws FairleadError `invalid-argument` for an amount that is none.
 */
export function resourceLimits(options: Options): Record<string, unknown> {
  const cpus = options.text('cpus');
  const pids = options.integer('pids-limit');
  const shares = options.integer('cpu-shares');
  return {
    ...amount('Memory', options, 'memory'),
    ...amount('MemoryReservation', options, 'memory-reservation'),
    ...(options.text('memory-swap') === '-1' ? { MemorySwap: -1 } : amount('MemorySwap', options, 'memory-swap')),
    ...amount('ShmSize', options, 'shm-size'),
    ...(cpus === undefined ? {} : { NanoCpus: nanoCpus(cpus) }),
    ...(shares === undefined ? {} : { CpuShares: shares }),
    ...(pids === undefined ? {} : { PidsLimit: pids }),
    CpusetCpus: options.text('cpuset-cpus') ?? '',
    Ulimits: options.list('ulimit').map(parseUlimit),
  };
}

function amount(field: string, options: Options, name: string): Record<string, number> {
  const text = options.text(name);
  if (text === undefined) return {};
  const bytes = parseBytes(text);
  if (bytes === undefined) throw invalid(`invalid argument "${text}" for "--${name}" flag: invalid size: '${text}'`);
  return { [field]: bytes };
}

function nanoCpus(text: string): number {
  if (!/^(\d+\.?\d*|\.\d+)$/.test(text))
    throw invalid(`invalid argument "${text}" for "--cpus" flag: failed to parse ${text} as a rational number`);
  return Math.round(Number(text) * 1e9);
}

function parseUlimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw invalid(`invalid argument "${text}" for "--ulimit" flag: invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  return { Name: match[1] ?? '', Soft: soft, Hard: match[3] === undefined ? soft : Number(match[3]) };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
