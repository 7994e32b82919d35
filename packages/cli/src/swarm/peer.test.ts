import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdToPeer } from '../testing/peer-table.ts';
import { scriptedService } from '../testing/scripted-service.ts';
import { scriptedSwarm } from '../testing/scripted-swarm.ts';

const pem = (what: string) => `-----BEGIN ${what}-----\nMIIB\n-----END ${what}-----\n`;

holdToPeer(
  JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/docker-swarm.json'), 'utf8')),
  scriptedSwarm(scriptedService),
  { files: { text: 'hello', empty: '', 'cert.pem': pem('CERTIFICATE'), 'key.pem': pem('KEY') } },
);
