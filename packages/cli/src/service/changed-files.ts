import { listOption, singleOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import type { Connection } from '../connection/connection.ts';
import { type CredentialSpec, credentialSpec } from './credential-spec.ts';
import { askedFile, resolveFiles } from './file-reference.ts';
import type { ContainerSpec, FileReference } from './wire.ts';

/** Secrets, configs and credentials of a service after the options of `service update`. */
export async function changedFiles(
  engine: Connection,
  { Secrets, Configs, Privileges }: ContainerSpec,
  options: Options,
): Promise<Pick<ContainerSpec, 'Secrets' | 'Configs' | 'Privileges'>> {
  const addedSecrets = listOption(options, 'secret-add', (text) => askedFile(text, 'secret'));
  const addedConfigs = listOption(options, 'config-add', (text) => askedFile(text, 'config'));
  const credentials = singleOption(options, 'credential-spec', credentialSpec);
  const before = (Privileges?.['CredentialSpec'] ?? {}) as CredentialSpec;
  const [noSecrets, noConfigs] = [new Set(options.list('secret-rm')), new Set(options.list('config-rm'))];
  // A config that credentials are in stays for as long as they are there.
  const isKept = ({ Runtime, ConfigName = '', ConfigID = '' }: FileReference) =>
    Runtime
      ? credentials
        ? ConfigName === credentials.Config
        : ConfigID === before.Config
      : !noConfigs.has(ConfigName);
  const keptConfigs = (Configs ?? []).filter(isKept);
  const isNew =
    credentials?.Config && !keptConfigs.some(({ ConfigName, Runtime }) => Runtime && ConfigName === credentials.Config);
  const asked = [...addedConfigs, ...(isNew ? [{ source: credentials.Config ?? '' }] : [])];
  const configs = [...keptConfigs, ...(await resolveFiles(engine, 'config', asked))];
  return {
    Secrets: [
      ...(Secrets ?? []).filter(({ SecretName = '' }) => !noSecrets.has(SecretName)),
      ...(await resolveFiles(engine, 'secret', addedSecrets)),
    ],
    Configs: configs,
    ...(credentials && { Privileges: { ...Privileges, CredentialSpec: withIds(credentials, configs) } }),
  };
}

function withIds(credentials: CredentialSpec, configs: readonly FileReference[]): CredentialSpec | null {
  if (Object.keys(credentials).length === 0) return null;
  const id = configs.find(({ ConfigName }) => ConfigName === credentials.Config)?.ConfigID;
  return { ...credentials, ...(id !== undefined && { Config: id }) };
}
