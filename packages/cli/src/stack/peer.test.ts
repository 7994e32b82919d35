import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdToPeer } from '../testing/peer-table.ts';
import { scriptedSwarm } from '../testing/scripted-swarm.ts';
import { deployedService, stackFiles } from '../testing/stack-samples.ts';

// Variables that the table's files have in them.
process.env['VALUE'] = 'own';
process.env['TAG'] = '3';

holdToPeer(
  JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/docker-stack.json'), 'utf8')),
  scriptedSwarm(deployedService, [deployedService]),
  { files: stackFiles },
);
