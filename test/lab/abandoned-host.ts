import { Host } from '@fairlead/lab';
import { makeControlGroup } from './control-group.ts';

/** Makes a host, says its name and pid, and waits to be killed: the owner in a test of what such an end leaves behind. */
const host = await Host.create();
makeControlGroup(host.name);
host.start(['sleep', '60']);
process.stdout.write(`${host.name} ${host.pid}\n`);
setInterval(() => {}, 60_000);
