import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from '@fairlead/lab';
import { peerProgram } from '../../lab/peer.ts';
import { atMost, measured, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

/** Attaching an endpoint and detaching it, below the engine. */
export const attach: Subject = {
  name: 'attach',
  method:
    'A namespace that is there already gets a veth pair to a bridge, an address, a default route and one published ' +
    'port, and loses them again. Fairlead: the change list of an endpoint through its kernel package, in process. The ' +
    'floor: the same by netlink messages that were made before, sent one after the other on sockets that stay open, ' +
    'without alias and sysctl. CNI: the plugins bridge (with host-local) and portmap, called as a container runtime does.',
  async measure({ times, say }) {
    say('attach and detach');
    await using host = await Host.create();
    const leases = join(host.folder, 'leases');
    mkdirSync(leases);
    const program = join(import.meta.dirname, '../load/attach.ts');
    const plugins = [peerProgram('bridge'), peerProgram('portmap')];
    const output = await host.exec(process.execPath, program, `${times(31)}`, leases, ...plugins);
    const samples: Readonly<Record<'attach' | 'detach', Samples>> = JSON.parse(output);
    const subject = 'endpoint with one published port';
    return [
      measured({ subject, what: 'attach', unit: 'ms', goal: atMost(2, 'floor') }, samples.attach),
      measured({ subject, what: 'detach', unit: 'ms', goal: atMost(2, 'floor') }, samples.detach),
    ];
  },
};
