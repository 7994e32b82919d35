import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FairleadError } from '@fairlead/base';

/** Name under which docker keeps the credentials for Docker Hub. */
export const dockerHub = 'https://index.docker.io/v1/';

/** What `config.json` of the docker command holds; what is not about credentials stays as it is. */
interface ConfigFile {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credsStore?: string;
}

/** A name and a password for a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Registry of an image, under the name that its credentials are kept by: what stands before the first slash, when it looks
 * like a host.
 */
function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : dockerHub;
}

/** The header that shows the engine the credentials for an image's registry; none when there are none. */
export function authHeader(reference: string): Readonly<Record<string, string>> {
  const registry = registryOf(reference);
  const found = readConfig().auths?.[registry];
  if (found?.auth === undefined && found?.identitytoken === undefined) return {};
  const [username = '', ...password] = Buffer.from(found.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const value = {
    username,
    password: password.join(':'),
    serveraddress: registry,
    ...(found.identitytoken && { identitytoken: found.identitytoken }),
  };
  return { 'x-registry-auth': Buffer.from(JSON.stringify(value)).toString('base64url') };
}

/**
 * Keep credentials where docker keeps them.
 *
 * @throws FairleadError `not-implemented` when docker keeps them in another program.
 */
export function storeCredentials(registry: string, { username, password }: Credentials): void {
  const config = readConfig();
  if (config.credsStore) {
    const problem = `docker keeps credentials in docker-credential-${config.credsStore}: use docker login`;
    throw new FairleadError('not-implemented', problem);
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  writeConfig({ ...config, auths: { ...config.auths, [registry]: { auth } } });
}

/** Forget credentials. @returns false when there were none. */
export function eraseCredentials(registry: string): boolean {
  const config = readConfig();
  if (config.auths?.[registry] === undefined) return false;
  writeConfig({
    ...config,
    auths: Object.fromEntries(Object.entries(config.auths).filter(([name]) => name !== registry)),
  });
  return true;
}

/** `DOCKER_CONFIG`, or `.docker` at home. */
export function configPath(): string {
  return join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json');
}

function readConfig(): ConfigFile {
  let text: string;
  try {
    text = readFileSync(configPath(), 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FairleadError('invalid-argument', `${configPath()} is no JSON`, { cause });
  }
}

/** In one step, and for nobody else's eyes. */
function writeConfig(config: ConfigFile): void {
  const path = configPath();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.${process.pid}`;
  writeFileSync(part, `${JSON.stringify(config, null, '\t')}\n`, { mode: 0o600 });
  chmodSync(part, 0o600);
  renameSync(part, path);
}
