import { type PortProtocol, parseIpAddress } from '@fairlead/base';
import { prepareDescriptors } from '@fairlead/kernel/sockets';
import { PortReservations } from '../src/port-reservations.ts';

/** How long holding and releasing 1,000 ports takes, cold and warm: `node packages/resolver/bench/ports.ts`. */
const addresses = ['0.0.0.0', '::'].map(parseIpAddress);
prepareDescriptors(16_384);
using reservations = new PortReservations();
for (const protocol of ['tcp', 'udp', 'tcp', 'udp'] satisfies PortProtocol[]) {
  const start = performance.now();
  const ports = addresses.map((address) => ({ protocol, address, first: 20_000, last: 20_999 }));
  reservations.reserve({ owner: 'bench', ports });
  const held = performance.now();
  reservations.release('bench');
  const released = performance.now();
  console.log(`${protocol}: held in ${(held - start).toFixed(1)} ms, released in ${(released - held).toFixed(1)} ms`);
}
