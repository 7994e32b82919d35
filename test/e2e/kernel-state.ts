import type { Host } from '@fairlead/lab';
import { eventuallyEqual } from './life-rig.ts';

/** Everything that a run leaves in the host's own network, in the witnesses' words. */
export async function kernelState(host: Host): Promise<string> {
  const commands = [
    'ip -br link | sort',
    'ip -br addr | sort',
    'ip route',
    'nft list ruleset',
    '[ ! -d /run/netns ] || ls /run/netns',
  ];
  const texts = await Promise.all(commands.map((command) => host.exec('sh', '-c', command)));
  return (
    texts
      .join('\n')
      .replaceAll(/(counter packets) \d+ bytes \d+/g, '$1 N')
      .replaceAll(/fe80::\S+/g, 'fe80')
      // Whether a bridge has a carrier follows its ports in the kernel's own time.
      .replaceAll(/ (UP|DOWN|UNKNOWN) +/g, ' ')
      .replaceAll(/NO-CARRIER,|,LOWER_UP| linkdown/g, '')
      // A protected table has no owner while the daemon is dead, and stays all the same.
      .replaceAll(/ # progname .*|\n\tflags.*/g, '')
  );
}

/** Namespaces end in the kernel's own time: their veth pairs go a moment after they do. */
export function settled(host: Host, wanted: string, message: string): Promise<void> {
  return eventuallyEqual(() => kernelState(host), wanted, message);
}
