import { parseIpAddress } from '@fairlead/base';
import { Kernel, OpenNamespace, Recorder } from '@fairlead/kernel';
import { Stage } from '@fairlead/kernel/stage';
import { encodeNftBatch, encodeTable, type RuleDefinition } from '@fairlead/netlink';
import { lookUpName } from './collect/name-lookup.ts';
import type { ContainerPlace, Directory } from './model/directory.ts';
import type { Verdict } from './model/report.ts';
import type { ProbeProtocol } from './packet/packet-header.ts';
import { tracePacket } from './trace.ts';

const itself = parseIpAddress('127.0.0.1');
/** Milliseconds. */
const PATIENCE = 100;

const place: ContainerPlace = {
  name: 'rehearsal',
  id: 'rehearsal',
  namespace: '',
  attachments: [{ network: 'rehearsal', ipv4: itself, interface: 'lo' }],
  publications: [],
};
const directory: Directory = { containers: [place], networks: [] };

/** Rules as others have them, that let everything pass. */
const accepting: RuleDefinition = {
  statements: [{ match: ['ip daddr'], with: { value: itself } }, { verdict: 'accept' }],
};

/**
 * Follow two packets where nobody is: in a network namespace that is made for it, has no name, and ends with this. The first trace
 * of a process takes half as long again as those after it, for every function of it is compiled when it is first called; so this
 * is for when nobody waits.
 *
 * @returns what was said of the packets.
 */
export async function rehearseTrace(): Promise<readonly Verdict[]> {
  using stage = new Stage();
  using kernel = new Kernel(new Recorder(), stage);
  await kernel.apply([{ action: 'add', object: { kind: 'namespace', namespace: '' } }]);
  const host = stage.path('');
  using namespace = new OpenNamespace('', host);
  const hooks = (['input', 'output'] as const).map((hook) => {
    return { name: hook, hook: { type: 'filter', hook, priority: 0, policy: 'accept' }, rules: [accepting] } as const;
  });
  const table = encodeTable({ family: 'inet', name: 'rehearsal', sets: [], chains: hooks });
  namespace.netfilter.executeBatch(encodeNftBatch(table));
  const { name } = place;
  const ask = (to: string, protocol: ProbeProtocol) =>
    tracePacket({ from: name, to, protocol, timeout: PATIENCE }, directory, { host });
  const [answered, refused] = [await ask(name, 'icmp'), await ask(`${name}:9`, 'tcp')];
  await lookUpName(namespace, { hosts: '', resolvConf: `nameserver ${itself}` }, name, [4], 1);
  return [answered.verdict, refused.verdict];
}
