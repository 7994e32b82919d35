import { FairleadError, tryParseIpAddress } from '@fairlead/base';
import { parseSignal } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import type { WireCreate } from './create-schema.ts';
import { requireValidHealthcheck } from './healthcheck.ts';
import type { WireHostConfig } from './host-config.ts';
import { requireResources, requireRestartPolicy } from './resource-rules.ts';

const namePattern = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** Names of files hold 255 bytes, and the container's network namespace is a file with a prefix and its name. */
const maximumName = 250;

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
  requireValidHealthcheck(wire.Healthcheck);
  requireNetworkMode(wire, host, version);
  requireEndpoints(wire, version);
  requireExtraHosts(host.ExtraHosts);
  if (host.AutoRemove && !['', 'no'].includes(host.RestartPolicy?.Name ?? '')) {
    fail("can't create 'AutoRemove' container with restart policy");
  }
  requireRestartPolicy(host.RestartPolicy);
  requireResources(host);
}

function requireNetworkMode(wire: WireCreate, host: WireHostConfig, version: ApiVersion): void {
  const mode = host.NetworkMode;
  // From 1.44 on it is said of an endpoint; where there is none it is passed over, as Docker does.
  if (version < 44 && wire.MacAddress !== '' && /^(host$|none$|container:)/.test(mode)) {
    fail('conflicting options: mac-address and the network mode');
  }
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
    [
      Object.keys(host.PortBindings).length > 0 || host.PublishAllPorts,
      'port publishing and the container type network mode',
    ],
    [Object.keys(wire.ExposedPorts).length > 0, 'port exposing and the container type network mode'],
  ];
  const conflict = conflicts.find(([present]) => present);
  if (conflict !== undefined) fail(`conflicting options: ${conflict[1]}`);
}

/** Otherwise they would be lines of `/etc/hosts` that no program can read (moby, opts/hosts.go). */
function requireExtraHosts(entries: readonly string[]): void {
  for (const entry of entries) {
    const [, address] = /^[^:]+:(.*)$/s.exec(entry) ?? [];
    if (address === undefined) fail(`bad format for add-host: ${JSON.stringify(entry)}`);
    if (address !== 'host-gateway' && tryParseIpAddress(address.replace(/^\[(.*)\]$/, '$1')) === undefined) {
      fail(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
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

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
