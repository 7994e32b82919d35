import { availableParallelism } from 'node:os';
import { FairleadError } from '@fairlead/base';
import { parseSignal } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import type { WireCreate } from './create-schema.ts';
import type { WireHostConfig } from './host-config.ts';

const namePattern = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** Names of files hold 255 bytes, and the container's network namespace is a file with a prefix and its name. */
const maximumName = 250;
/** Resources of setrlimit(2), as Docker spells them. */
const ulimitNames =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');
const minimumMemory = 6 * 1024 * 1024;

/**
 * Check the name that a container shall have.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireValidName(name: string): void {
  if (name.length > maximumName) fail(`Invalid container name: it is longer than ${maximumName} characters`);
  if (namePattern.test(name)) return;
  fail(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

/**
 * Check what can be said of a request without knowing what exists.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireValidCreate(wire: WireCreate, version: ApiVersion): void {
  const host = wire.HostConfig;
  if (wire.WorkingDir !== '' && !wire.WorkingDir.startsWith('/')) {
    fail(`the working directory '${wire.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  const wrong = wire.Env.find((variable) => /^(=|$)|\0/.test(variable));
  if (wrong !== undefined) fail(`invalid environment variable: ${wrong}`);
  if (`${wire.Hostname}${wire.Domainname}`.includes('\0')) fail(`invalid hostname format: ${wire.Hostname}`);
  if (wire.StopSignal !== '') parseSignal(wire.StopSignal);
  requireNetworkMode(wire, host);
  requireEndpoints(wire, version);
  requireRestartPolicy(host);
  requireLimits(host);
  if (host.ShmSize < 0) fail('SHM size can not be less than 0');
}

function requireNetworkMode(wire: WireCreate, host: WireHostConfig): void {
  const mode = host.NetworkMode;
  if (/^container(:|$)/.test(mode)) requireContainerMode(wire, host);
  if (host.UTSMode === 'host' && wire.Hostname !== '') fail('conflicting options: hostname and the UTS mode');
  if (mode === 'host' && host.Links.length > 0) {
    fail("conflicting options: host type networking can't be used with links. This would result in undefined behavior");
  }
}

function requireContainerMode(wire: WireCreate, host: WireHostConfig): void {
  if (!/^container:./.test(host.NetworkMode)) {
    fail('invalid network mode: invalid container format container:<name|id>');
  }
  const conflicts: readonly (readonly [boolean, string])[] = [
    [wire.Hostname !== '', 'hostname and the network mode'],
    [host.Links.length > 0, "container type network can't be used with links. This would result in undefined behavior"],
    [host.Dns.length > 0, 'dns and the network mode'],
    [host.ExtraHosts.length > 0, 'custom host-to-IP mapping and the network mode'],
    [wire.MacAddress !== '', 'mac-address and the network mode'],
    [
      Object.keys(host.PortBindings).length > 0 || host.PublishAllPorts,
      'port publishing and the container type network mode',
    ],
    [Object.keys(wire.ExposedPorts).length > 0, 'port exposing and the container type network mode'],
  ];
  const conflict = conflicts.find(([present]) => present);
  if (conflict !== undefined) fail(`conflicting options: ${conflict[1]}`);
}

function requireEndpoints(wire: WireCreate, version: ApiVersion): void {
  const endpoints = Object.entries(wire.NetworkingConfig?.EndpointsConfig ?? {});
  if (version < 44 && endpoints.length > 1) {
    fail(`Container cannot be created with multiple network endpoints: ${endpoints.map(([name]) => name).join(', ')}`);
  }
  for (const [name, settings] of endpoints) {
    if (settings === null) fail(`invalid config for network ${name}: EndpointsConfig is nil`);
  }
  const mode = wire.HostConfig.NetworkMode;
  requireSoleNetwork(
    endpoints.map(([name]) => name),
    mode === '' || mode === 'default' ? 'bridge' : mode,
  );
  const main = endpoints.find(([name]) => name === mode || (name === 'default' && ['', 'bridge'].includes(mode)))?.[1];
  if (wire.MacAddress !== '' && main?.MacAddress && main.MacAddress !== wire.MacAddress) {
    fail(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, ' +
        'or be left empty',
    );
  }
}

/** The host's network and none at all go with no other. */
function requireSoleNetwork(endpoints: readonly string[], mode: string): void {
  const names = new Set([mode, ...endpoints.filter((name) => name !== 'default')]);
  if (names.size > 1 && (names.has('none') || names.has('host'))) {
    fail(`Container cannot be connected to network endpoints: ${[...names].sort().join(', ')}`);
  }
}

function requireRestartPolicy(host: WireHostConfig): void {
  const { Name: name = '', MaximumRetryCount: count = 0 } = host.RestartPolicy ?? {};
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    fail(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (count !== 0 && name !== 'on-failure') {
    const hint = name === '' ? '' : ` (policy: ${name})`;
    fail(`invalid restart policy: maximum retry count can only be used with 'on-failure'${hint}`);
  }
  if (count < 0) fail('invalid restart policy: maximum retry count cannot be negative');
  if (host.AutoRemove && !['', 'no'].includes(name)) fail("can't create 'AutoRemove' container with restart policy");
}

function requireLimits(host: WireHostConfig): void {
  const { Memory: memory, MemorySwap: swap, MemoryReservation: reservation } = host;
  if (memory !== 0 && memory < minimumMemory) fail('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    fail('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0) {
    fail('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (reservation > 0 && reservation < minimumMemory) fail('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > memory) {
    fail('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  const limit = host.Ulimits.find(({ Name }) => !ulimitNames.includes(Name));
  if (limit !== undefined) fail(`invalid ulimit type: ${limit.Name}`);
  if (Math.abs(host.OomScoreAdj) > 1000) {
    fail(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    fail('Range of blkio weight is from 10 to 1000');
  }
  requireProcessors(host.NanoCpus);
  if (host.NanoCpus > 0 && host.CpuPeriod > 0) fail('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (host.NanoCpus > 0 && host.CpuQuota > 0) fail('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
}

function requireProcessors(nanoCpus: number): void {
  const count = availableParallelism();
  if (nanoCpus >= 0 && nanoCpus <= count * 1e9) return;
  fail(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`);
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
