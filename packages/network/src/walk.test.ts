import { test } from 'node:test';
import { plainSettings, Rig } from './testing/rig.ts';
import { narrow, Walk, walkAlone } from './testing/walk.ts';

const STEPS = 80;

test('after every step of a random walk kernel and name service hold exactly what the store says', async (context) => {
  const given = process.env['SEED'];
  const seeds =
    given === undefined ? Array.from({ length: 2 }, () => Math.floor(Math.random() * 2 ** 31)) : [Number(given)];
  for (const seed of seeds) {
    walkAlone(context, seed);
    using rig = await Rig.started({ ...plainSettings, bridgeCapacity: narrow });
    const walk = new Walk(rig, seed);
    const trail: string[] = [];
    try {
      for (let step = 0; step < STEPS; step++) {
        trail.push(await walk.step());
        rig.assertConsistent();
      }
    } catch (error) {
      throw new Error(`SEED=${seed}, after: ${trail.slice(-8).join(' | ')}`, { cause: error });
    }
  }
});
