import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdToPeer } from '../testing/peer-table.ts';
import { scriptedService } from '../testing/scripted-service.ts';
import { scriptedSwarm } from '../testing/scripted-swarm.ts';

// A variable that the table's command lines hand on.
process.env['VALUE'] = 'own';

holdToPeer(
  JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/docker-service.json'), 'utf8')),
  scriptedSwarm(scriptedService),
  { files: { env: 'X=1\n# no\nVALUE\nGONE\nY=2\n' }, base: scriptedService.Spec },
);
