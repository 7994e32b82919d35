import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';

/** Namespaces that a container may share: option, field, what docker's own command calls it and takes. */
const modes = [
  ['pid', 'PidMode', 'PID', /^(|host|container:.+)$/],
  ['uts', 'UTSMode', 'UTS', /^(|host)$/],
  ['userns', 'UsernsMode', 'USER', /^(|host)$/],
  ['cgroupns', 'CgroupnsMode', 'CGROUP', /^(|host|private)$/],
] as const;

/** The fields of `HostConfig` that tell of namespaces. @throws FairleadError `invalid-argument` in docker's words. */
export function namespaceModes(options: Options): Record<string, string> {
  const asked = modes.map(([option, field, kind, form]) => {
    const mode = options.text(option) ?? '';
    if (!form.test(mode)) throw refusal(`--${option}: invalid ${kind} mode`);
    return [field, mode] as const;
  });
  return { ...Object.fromEntries(asked), IpcMode: options.text('ipc') ?? '' };
}
