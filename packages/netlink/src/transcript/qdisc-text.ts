import { ByteReader } from '@fairlead/base';
import { Attributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import { routeMessage } from '../route/message-types.ts';
import { bucketAttribute, OWN_HANDLE, qdiscAttribute, qdiscHeaderLength, ROOT_HANDLE } from '../route/qdisc.ts';
import { commandLine, linkNamed, toolIn } from './command.ts';
import type { RouteEntry } from './entry.ts';

/** The `tc qdisc` command that a message about a token bucket stands for. */
export function renderQdiscMessage(message: Message, entry: RouteEntry): string {
  const header = new ByteReader(message.body).skip(4);
  const link = linkNamed(entry, header.u32());
  if (header.u32() !== OWN_HANDLE || header.u32() !== ROOT_HANDLE) {
    throw new Error(`${entry.operation}: a queueing discipline that is not the root has no rendering`);
  }
  const place = ['dev', link, 'root', 'handle', '1:'];
  const attributes = new Attributes(message.body.subarray(qdiscHeaderLength));
  const words =
    message.type === routeMessage.deleteQdisc ? ['del', ...place] : ['replace', ...place, ...bucket(attributes, entry)];
  attributes.assertAllRead(entry.operation);
  return commandLine([...toolIn('tc', entry.namespace), 'qdisc', ...words]);
}

/** tc's `bps` are bytes a second. */
function bucket(attributes: Attributes, { operation }: RouteEntry): string[] {
  const kind = attributes.text(qdiscAttribute.kind);
  const options = attributes.nested(qdiscAttribute.options);
  const bytes = options?.bytes(bucketAttribute.parameters);
  const burst = options?.u32(bucketAttribute.burst);
  if (kind !== 'tbf' || options === undefined || bytes === undefined) throw new Error(`${operation}: no token bucket`);
  options.assertAllRead(operation);
  const reader = new ByteReader(bytes).skip(8);
  const rate = reader.u32();
  const limit = reader.skip(12).u32();
  return ['tbf', 'rate', `${rate}bps`, 'burst', `${burst}`, 'limit', `${limit}`];
}
