import { FairleadError } from '@fairlead/base';
import type { ContainerConfig, Image, Json } from '@fairlead/engine';
import { isJsonObject } from './go-json.ts';

/** Names of the one runtime that clients use beside the one that it has in `docker info`. */
const runtimeNames = ['runc', 'io.containerd.runc.v2'];

/**
 * Refuse what would silently not be done and change what the container is: rather no container than a wrong one.
 *
 * @param runtime the runtime's own name.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireSupported({ other }: Pick<ContainerConfig, 'other'>, runtime: string): void {
  const asked = other.host['Runtime'];
  if (asked !== undefined && asked !== runtime && !runtimeNames.includes(String(asked))) {
    fail(`unknown or invalid runtime name: ${asked}`);
  }
  const [request] = listOf(other.host['DeviceRequests']);
  if (request !== undefined) fail(deviceFault(request));
}

/**
 * Check that an image is for the platform asked for.
 *
 * @param platform `linux/arm64`, `linux/arm64/v8`, or either part alone.
 * @throws FairleadError `not-found`, upon which clients pull the right one.
 */
export function requirePlatform({ os, architecture }: Image, reference: string, platform: string): void {
  const parts = platform.toLowerCase().split('/');
  const [wantedOs = os, wanted = architecture] = parts.length > 1 || parts[0] === os ? parts : [os, ...parts];
  const name = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' }[wanted] ?? wanted;
  if (wantedOs === os && name === architecture) return;
  const found = `its platform (${os}/${architecture}) does not match the specified platform (${platform})`;
  throw new FairleadError('not-found', `image with reference ${reference} was found but ${found}`);
}

function deviceFault(request: Json): string {
  const driver = isJsonObject(request) ? (request['Driver'] ?? '') : '';
  const groups = isJsonObject(request) ? listOf(request['Capabilities']) : [];
  const capabilities = groups.map((group) => `[${listOf(group).join(' ')}]`).join(' ');
  return `could not select device driver "${driver}" with capabilities: [${capabilities}]`;
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
