import { globSync } from 'node:fs';
import { root } from './source-tree.ts';
import { commandStep, report } from './step.ts';

/** `./fairlead tool gen`: write every `gen` folder anew by the `gen.sh` beside it. The output is committed. */
let complete = true;
for (const script of globSync('packages/*/gen.sh', { cwd: root })) {
  complete = (await report(script, commandStep('sh', script))) && complete;
}
process.exitCode = complete ? 0 : 1;
