import { type Family, familyOf, type IpAddress, messageOf, tryParseIpAddress } from '@fairlead/base';
import { classInternet, decodeMessage, encodeMessage, type Message, recordType, responseCode } from '@fairlead/dns';
import type { OpenNamespace } from '@fairlead/kernel';
import { openDatagramFlow } from '@fairlead/kernel/sockets';
import type { NameStep } from '../model/report.ts';

/** The files by which a program finds names (resolver(5), hosts(5)). */
export interface NameFiles {
  readonly hosts: string;
  readonly resolvConf: string;
}

const PORT = 53;
/** Milliseconds; what a program waits for a server is more, but nobody waits for that at a prompt. */
const PATIENCE = 1500;

/** Addresses that a hosts file gives for a name. */
export function addressesInHosts(text: string, name: string): IpAddress[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const parsed = names.includes(name) ? tryParseIpAddress(address) : undefined;
    return parsed === undefined ? [] : [parsed];
  });
}

/** Name servers of a resolv.conf, in order. */
export function serversIn(resolvConf: string): IpAddress[] {
  return resolvConf.split('\n').flatMap((line) => {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    const parsed = server === undefined ? undefined : tryParseIpAddress(server);
    return parsed === undefined ? [] : [parsed];
  });
}

/**
 * Look a name up as a program in the namespace would: its hosts file first, then its name server.
 *
 * @param patience milliseconds until the server is given up.
 */
export async function lookUpName(
  namespace: OpenNamespace,
  files: NameFiles,
  name: string,
  families: readonly Family[],
  patience = PATIENCE,
): Promise<NameStep> {
  const listed = addressesInHosts(files.hosts, name).filter((address) => families.includes(familyOf(address)));
  if (listed.length > 0) return { name, source: 'hosts', addresses: listed };
  const [server] = serversIn(files.resolvConf);
  if (server === undefined) return { name, source: 'dns', addresses: [], failure: 'no name server is configured' };
  const start = performance.now();
  const answers = await Promise.all(families.map((family) => ask(namespace, server, { name, family, patience })));
  const milliseconds = performance.now() - start;
  const addresses = answers.flatMap((answer) => ('addresses' in answer ? answer.addresses : []));
  const failure = answers.find((answer) => 'failure' in answer);
  const common = { name, source: 'dns', server, milliseconds, addresses } as const;
  if (addresses.length > 0) return common;
  return { ...common, failure: failure !== undefined && 'failure' in failure ? failure.failure : 'it has no address' };
}

type Answer = { readonly addresses: readonly IpAddress[] } | { readonly failure: string };

interface Question {
  readonly name: string;
  readonly family: Family;
  /** Milliseconds. */
  readonly patience: number;
}

async function ask(namespace: OpenNamespace, server: IpAddress, question: Question): Promise<Answer> {
  const { name, family, patience } = question;
  const id = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const type = family === 4 ? recordType.A : recordType.AAAA;
  const query = encodeMessage({ id, recursionDesired: true, questions: [{ name, type, class: classInternet }] });
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const alarm = setTimeout(() => resolve({ failure: `${server} did not answer for ${patience / 1000} s` }), patience);
  try {
    const receive = (datagram: Uint8Array): void => {
      const answer = readAnswer(datagram, id);
      if (answer !== undefined) resolve(answer);
    };
    using flow = namespace.enter(() => openDatagramFlow(server, PORT, receive));
    flow.send(query);
    return await promise;
  } catch (error) {
    return { failure: messageOf(error) };
  } finally {
    clearTimeout(alarm);
  }
}

const failures: Readonly<Record<number, string>> = {
  [responseCode.serverFailure]: 'SERVFAIL: the name server could not find out',
  [responseCode.nameError]: 'NXDOMAIN: there is no such name',
  [responseCode.refused]: 'REFUSED',
};

/** What a datagram of the server says to a question; `undefined` when it is the answer to another one. */
function readAnswer(datagram: Uint8Array, id: number): Answer | undefined {
  try {
    const message = decodeMessage(datagram);
    return message.id === id ? answerIn(message) : undefined;
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

function answerIn({ code = 0, answers = [] }: Message): Answer {
  const addresses = answers.flatMap(({ data }) => (data.type === 'A' || data.type === 'AAAA' ? [data.address] : []));
  if (addresses.length > 0) return { addresses };
  return code === 0 ? { addresses } : { failure: failures[code] ?? `response code ${code}` };
}
