import { binarySizeText } from '../format/quantity.ts';
import type { Node } from './wire.ts';
import { capitalized, entryLines, momentForPeople } from './words.ts';

/** Lines of `node inspect --pretty`, as docker 28.2 has them. */
export function nodeText(node: Node): string[] {
  const { ID, Spec, Description, CreatedAt } = node;
  const { Platform = {}, Resources = {}, Engine = {} } = Description;
  const memory = Resources.MemoryBytes ?? 0;
  return [
    `ID:\t\t\t${ID}`,
    ...(Spec.Name ? [`Name:\t\t\t${Spec.Name}`] : []),
    ...entryLines('Labels:', Spec.Labels),
    `Hostname:              \t${Description.Hostname}`,
    `Joined at:             \t${momentForPeople(CreatedAt)}`,
    ...statusLines(node),
    'Platform:',
    ` Operating System:\t${Platform.OS ?? ''}`,
    ` Architecture:\t\t${Platform.Architecture ?? ''}`,
    'Resources:',
    ` CPUs:\t\t\t${Math.trunc((Resources.NanoCPUs ?? 0) / 1e9)}`,
    ` Memory:\t\t${memory === 0 ? '' : binarySizeText(memory)}`,
    ...entryLines('Plugins:', pluginNames(Engine.Plugins), (kind, names) => ` ${kind}:\t\t${names}`),
    `Engine Version:\t\t${Engine.EngineVersion ?? ''}`,
    ...entryLines('Engine Labels:', Engine.Labels),
    ...certificateLines(Description),
  ];
}

function statusLines({ Status, Spec, ManagerStatus }: Node): string[] {
  return [
    'Status:',
    ` State:\t\t\t${capitalized(Status.State ?? '')}`,
    ...(Status.Message ? [` Message:              \t${capitalized(Status.Message)}`] : []),
    ` Availability:         \t${capitalized(Spec.Availability)}`,
    ...(Status.Addr ? [` Address:\t\t${Status.Addr}`] : []),
    ...(ManagerStatus === undefined
      ? []
      : [
          'Manager Status:',
          ` Address:\t\t${ManagerStatus.Addr}`,
          ` Raft Status:\t\t${capitalized(ManagerStatus.Reachability ?? '')}`,
          ` Leader:\t\t${ManagerStatus.Leader === true ? 'Yes' : 'No'}`,
        ]),
  ];
}

/** Names of plugins by what they are for. */
function pluginNames(
  plugins: readonly { readonly Type: string; readonly Name: string }[] = [],
): Record<string, string> {
  const byType = Object.groupBy(plugins, ({ Type }) => Type);
  return Object.fromEntries(
    Object.entries(byType).map(([type, all = []]) => [type, all.map(({ Name }) => Name).join(', ')]),
  );
}

function certificateLines({ TLSInfo = {} }: Node['Description']): string[] {
  const { TrustRoot = '', CertIssuerSubject = '', CertIssuerPublicKey = '' } = TLSInfo;
  if (`${TrustRoot}${CertIssuerSubject}${CertIssuerPublicKey}` === '') return [];
  return [
    'TLS Info:',
    ' TrustRoot:',
    ...TrustRoot.split('\n'),
    ` Issuer Subject:\t${CertIssuerSubject}`,
    ` Issuer Public Key:\t${CertIssuerPublicKey}`,
  ];
}
