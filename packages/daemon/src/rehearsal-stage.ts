import type { RehearsalStage } from '@fairlead/engine';
import { Kernel, Recorder } from '@fairlead/kernel';
import { Stage } from '@fairlead/kernel/stage';
import type { ControllerContext } from '@fairlead/network';
import { rehearseNetwork } from '@fairlead/network/rehearsal';
import { accountOf } from './operation-account.ts';

/**
 * The network model on namespaces that nobody sees, where the kernel carries out what it is asked for: what it would refuse
 * on the machine it refuses there. Everything goes with the disposal, or with the process.
 *
 * @param machine the kernel of `context`, which judges what the stage has borne.
 */
export async function openStage(context: ControllerContext, machine: Kernel): Promise<RehearsalStage> {
  using parts = new DisposableStack();
  const places = parts.use(new Stage());
  const recorder = new Recorder();
  const scenery = parts.use(new Kernel(new Recorder(), places));
  const stage = parts.use(new Kernel(recorder, places));
  await scenery.apply([{ action: 'add', object: { kind: 'namespace', namespace: '' } }]);
  const { network, store, warnings, elements } = parts.use(
    rehearseNetwork(context, {
      prepare: (changes) => scenery.apply(changes),
      apply: (changes) => stage.apply(changes),
      forgetConnections: (filter, namespace) => stage.forgetConnections(filter, namespace),
    }),
  );
  const owned = parts.move();
  return {
    network,
    store,
    operation: (name, work) => recorder.operation(name, work),
    async outcome() {
      machine.check('', elements);
      return { ...accountOf(recorder.operations().flatMap(({ entries }) => entries)), warnings };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}
