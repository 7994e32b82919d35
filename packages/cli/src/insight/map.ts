import { spawn } from 'node:child_process';
import type { Action } from '../command/command.ts';
import { findProgram } from '../setup/requirement.ts';

/** `fairlead map`: print an address that shows the map once it is opened, and open it where there is a desktop. */
export const map: Action = async ({ options, engine, print }) => {
  if (options.flag('json')) {
    print(JSON.stringify(await engine.ask('GET', '/fairlead/map')));
    return 0;
  }
  const { address } = await engine.ask<{ readonly address: string }>('POST', '/fairlead/map/listener');
  print(address);
  const opened = !options.flag('no-open') && openInBrowser(address);
  print(
    opened
      ? 'opened in a browser'
      : `works once, on this machine; from another: ssh -L ${portOf(address)}:127.0.0.1:${portOf(address)} …`,
  );
  return 0;
};

function portOf(address: string): string {
  return new URL(address).port;
}

/** Whose desktop a browser would be opened on; a browser of root is nothing to look at strangers' names with. */
function openInBrowser(address: string, environment: NodeJS.ProcessEnv = process.env): boolean {
  const hasDesktop = environment['DISPLAY'] !== undefined || environment['WAYLAND_DISPLAY'] !== undefined;
  const opener = findProgram('xdg-open');
  const user = ordinaryUser(environment);
  if (!hasDesktop || opener === undefined || user === undefined) return false;
  const child = spawn(opener, [address], { stdio: 'ignore', detached: true, ...user });
  child.on('error', () => {});
  child.unref();
  return true;
}

/** Who called, through sudo as well; `undefined` when that is root. */
function ordinaryUser(environment: NodeJS.ProcessEnv): { readonly uid?: number; readonly gid?: number } | undefined {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = [Number(environment['SUDO_UID']), Number(environment['SUDO_GID'])];
  return uid > 0 && gid > 0 ? { uid, gid } : undefined;
}
