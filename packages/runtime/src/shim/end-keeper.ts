import { setTimeout as sleep } from 'node:timers/promises';
import { EndNotes } from './noted-ends.ts';
import { watchShims } from './shim-ends.ts';

// Started by `keepEnds` beside a containerd that comes up: asks every shim how its container ends and notes what it is told,
// whatever becomes of the daemon meanwhile. By the end of it containerd has taken the shims over, or has given up.
const LIFETIME = 15_000;

async function keep(bundles: string, notes: string): Promise<void> {
  using watch = await watchShims(bundles, new EndNotes(notes));
  // Who waits for that may have been killed.
  process.stdout.on('error', () => {});
  process.stdout.write('ready\n');
  await Promise.race([watch.over, sleep(LIFETIME, undefined, { ref: false })]);
}

const [bundles, notes] = process.argv.slice(2);
if (bundles !== undefined && notes !== undefined) await keep(bundles, notes);
else process.stderr.write('usage: end-keeper BUNDLES NOTES\n');
