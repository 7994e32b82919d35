import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from '../../lab/registry.ts';
import { type Engine, withEngines } from '../engine.ts';
import { atMost, measured, note, type Samples } from '../measurement.ts';
import type { Subject } from '../subject.ts';

const layers = 5;
/** Bytes of each layer's one file: random ones in base64, which gzip packs to three quarters. */
const layerSize = 100_000_000;
const image = '127.0.0.1:5000/large';

/** `docker pull` of a large image from a registry beside the engine. */
export const dockerPull: Subject = {
  name: 'pull',
  method:
    `\`docker pull\` of an image with ${layers} layers of ${layerSize / 1e6} MB, which gzip has packed to three quarters, ` +
    'from a docker-registry on the loopback of the engine’s host; from the start of the command to its exit. Both get ' +
    'the same blobs. Before each pull the image is removed, and what was written is let go to the disk.',
  measure: ({ engines: names, times, say }) =>
    withEngines(names, async (engines) => {
      say('pull: making the image');
      await fillRegistries(engines);
      const samples: Samples = {};
      for (let round = 0; round < times(5); round++) {
        for (const engine of engines) {
          await engine.host.exec('sync');
          say(`pull on ${engine.name}`);
          note(samples, engine.name, (await engine.timeDocker('pull', '-q', image)) / 1000);
          await engine.daemon.docker('rmi', image);
        }
      }
      const what = `${(layers * layerSize) / 1e6} MB in ${layers} layers`;
      return [measured({ subject: 'docker pull', what, unit: 's', goal: atMost(1, 'dockerd') }, samples)];
    }),
};

/** The first engine makes the image and pushes it; the others' registries get a copy of what came of it. */
async function fillRegistries(engines: readonly Engine[]): Promise<void> {
  const [first, ...others] = engines;
  if (first === undefined) return;
  await Registry.start(first.host);
  const folder = join(first.host.folder, 'large');
  mkdirSync(folder);
  const fill = (layer: number) => `RUN head -c ${(layerSize * 3) / 4} /dev/urandom | base64 -w 0 >/${layer}`;
  const steps = Array.from({ length: layers }, (_, layer) => fill(layer));
  writeFileSync(join(folder, 'Dockerfile'), ['FROM busybox', ...steps].join('\n'));
  const { code, stderr } = await first.daemon.tryDocker(['build', '-q', '-t', image, folder], {
    env: { DOCKER_BUILDKIT: '0' },
  });
  if (code !== 0) throw new Error(stderr);
  await first.daemon.docker('push', '-q', image);
  await first.daemon.docker('rmi', image);
  await first.daemon.docker('image', 'prune', '-f');
  for (const { host } of others) {
    cpSync(join(first.host.folder, 'registry-5000/data'), join(host.folder, 'large-data'), { recursive: true });
    await Registry.start(host);
    await host.exec('cp', '-r', join(host.folder, 'large-data'), join(host.folder, 'registry-5000/data'));
  }
}
