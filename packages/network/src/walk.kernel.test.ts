import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { antispoofTableName, segmentsTableName } from '@fairlead/firewall';
import { testNames } from '@fairlead/kernel/testing';
import { describeChange, type KernelObject } from '@fairlead/netlink';
import { KernelInside, removeHost } from './testing/kernel-inside.ts';
import { Life } from './testing/life.ts';
import { Machine } from './testing/machine.ts';
import { plainSettings } from './testing/rig.ts';
import { SteppedKernel } from './testing/stepped-kernel.ts';
import { narrow, Walk, walkAlone } from './testing/walk.ts';

const STEPS = 2000;
/** A comparison takes as long as several steps. */
const BETWEEN_COMPARISONS = 25;
const NAMES = testNames('walk');
const HOST = `${NAMES}host`;
const PREFIX = `${NAMES}box-`;

const clean = () => removeHost(HOST, PREFIX);
clean();
after(clean);

/** What the host has besides its own uplink, in words. */
function contents(machine: Machine<SteppedKernel>): string[] {
  const kinds = ['link', 'address', 'route', 'rule', 'table', 'element'] as const;
  const wordOf = (object: KernelObject) => describeChange({ action: 'add', object });
  return machine.kernel.observe('', kinds).map(wordOf).sort();
}

/** The kernel takes the links of a namespace that is gone away in its own time; nobody else will do it here. */
async function whenGone(machine: Machine<SteppedKernel>): Promise<void> {
  const wanted = new Set([...machine.state.desired()].map((object) => (object.kind === 'link' ? object.name : '')));
  const isGoing = (object: KernelObject) =>
    object.kind === 'link' && object.type.kind === 'veth' && !wanted.has(object.name);
  for (let attempt = 0; attempt < 500 && machine.kernel.observe('', ['link']).some(isGoing); attempt++) await sleep(10);
}

/** Kernel and store agree: a comparison finds nothing to do, and nothing was left undone. */
async function assertAgreement(machine: Machine<SteppedKernel>): Promise<void> {
  machine.become(new Life());
  await whenGone(machine);
  // Ports that others had when an engine came back are had when those are gone.
  if (Iterator.from(machine.state.sandboxes).some(({ unsettled }) => unsettled)) await machine.controller.repair();
  const needed = (await machine.controller.repair()).map(describeChange);
  // What is shared by containers that are held to their own addresses, or by networks with further bridges, waits for the
  // next comparison, which this is.
  const waiting = [antispoofTableName, segmentsTableName].map((name) => `remove table ${name}`);
  assert.deepEqual(
    needed.filter((change) => !waiting.includes(change)),
    [],
  );
  const known = [...machine.state.sandboxes].map(({ namespace }) => namespace).filter((name) => name !== '');
  assert.deepEqual(machine.kernel.namespaces().sort(), known.sort());
}

async function removeAll({ state, controller }: Machine<SteppedKernel>): Promise<void> {
  for (const { id, owner } of [...state.sandboxes]) {
    await controller.closeSandbox(id);
    controller.releaseLeases(owner);
  }
  for (const { name } of controller.networks()) {
    if (!['bridge', 'host', 'none'].includes(name)) await controller.removeNetwork(name);
  }
}

test(`after ${STEPS} random steps and as many ends as come, kernel and store agree, and nothing is left over`, async (context) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  walkAlone(context, seed);
  using inside = new KernelInside(HOST, PREFIX);
  await inside.makeHost();
  using machine = new Machine(new SteppedKernel(inside), {
    ...plainSettings,
    namespacePrefix: PREFIX,
    bridgeCapacity: narrow,
  });
  await machine.boot(new Life());
  const before = contents(machine);
  const walk = new Walk(machine, seed);
  const trail: string[] = [];
  try {
    for (let step = 1; step <= STEPS; step++) {
      trail.push(await walk.step());
      if (step % BETWEEN_COMPARISONS === 0) await assertAgreement(machine);
    }
    await removeAll(machine);
    // Further bridges of a network that stays go with the next start, if nobody is on them then.
    await machine.boot(new Life());
    await assertAgreement(machine);
    assert.deepEqual(contents(machine), before);
    assert.deepEqual(
      [machine.names.heldPorts, [...machine.names.sandboxes.keys()], [...machine.names.endpoints.keys()]],
      [[], [], []],
    );
  } catch (error) {
    throw new Error(`SEED=${seed}, after ${trail.length} steps: ${trail.slice(-30).join(' | ')}`, { cause: error });
  }
});
