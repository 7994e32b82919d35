import type { ComposeConfig, ComposeFile, ComposeFileReference, ComposeService } from '@fairlead/compose';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { type AskedFile, resolveFiles } from '../service/file-reference.ts';
import type { FileReference } from '../service/wire.ts';
import type { PayloadKind } from '../swarm/payloads.ts';
import { scoped } from './namespace.ts';
import type { ServiceFiles } from './stack-service.ts';

/** Secrets and configs of a stack's service, with the ids that they have now. */
export async function serviceFiles(
  engine: Connection,
  stack: string,
  service: ComposeService,
  config: ComposeConfig,
): Promise<ServiceFiles> {
  const asked = (kind: PayloadKind, references: readonly ComposeFileReference[] = []) =>
    references.map((reference) => askedFile(stack, kind, reference, config[`${kind}s`] ?? {}));
  const own = service.credential_spec?.config;
  const credentials = own ? [{ source: nameOf(stack, 'config', own, config.configs ?? {}) }] : [];
  const secrets = await resolveFiles(engine, 'secret', asked('secret', service.secrets));
  const configs = await resolveFiles(engine, 'config', [...asked('config', service.configs), ...credentials]);
  return { secrets: inOrder(secrets), configs: inOrder(configs) };
}

function askedFile(
  stack: string,
  kind: PayloadKind,
  { source, target, uid = '0', gid = '0', mode = 0o444 }: ComposeFileReference,
  declared: Readonly<Record<string, ComposeFile>>,
): AskedFile {
  return {
    source: nameOf(stack, kind, source, declared),
    file: { Name: target ?? source, UID: uid, GID: gid, Mode: mode },
  };
}

function nameOf(
  stack: string,
  kind: PayloadKind,
  key: string,
  declared: Readonly<Record<string, ComposeFile>>,
): string {
  if (!Object.hasOwn(declared, key)) throw refusal(`undefined ${kind} ${JSON.stringify(key)}`);
  return declared[key]?.name ?? scoped(stack, key);
}

/** In an order that does not change, so that tasks are not replaced for nothing. */
function inOrder(references: readonly FileReference[]): FileReference[] {
  const name = ({ SecretName = '', ConfigName = '' }: FileReference) => SecretName + ConfigName;
  return references.toSorted((left, right) => (name(left) < name(right) ? -1 : 1));
}
