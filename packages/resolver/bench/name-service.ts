import { parseIpAddress } from '@fairlead/base';
import { Directory, NameServer } from '@fairlead/dns';
import { boundPort, openDatagramSocket, serveDatagramBatches } from '@fairlead/kernel/sockets';

/**
 * One server on loopback, in a process of its own: `names` answers container names as the resolver does, `echo` sends
 * back what it gets, which is the floor. Tells its port to the parent process.
 */
const loopback = parseIpAddress('127.0.0.1');
const directory = new Directory();
directory.setNetwork({ id: 'n', name: 'front' });
for (let index = 0; index < 100; index++) {
  const addresses = [parseIpAddress(`172.18.0.${index + 2}`)];
  directory.setEndpoint({ id: `e${index}`, sandbox: `s${index}`, network: 'n', addresses, containerName: `c${index}` });
}
const names = new NameServer({
  view: directory.view('s0'),
  generation: 0,
  options: { ttl: 0, ndotsSet: false },
  forwarder: undefined,
});
const handlers = {
  names: (slot: Uint8Array, length: number, later: () => (answer: Uint8Array) => void) =>
    names.answerDatagram(slot, length, later),
  echo: (_slot: Uint8Array, length: number) => length,
};

const descriptor = openDatagramSocket({ family: 4, address: loopback, port: 0 });
const port = boundPort(descriptor);
using service = serveDatagramBatches(descriptor, process.argv[2] === 'echo' ? handlers.echo : handlers.names);
process.send?.(port);
const { promise: never } = Promise.withResolvers<void>();
await never;
service[Symbol.dispose]();
