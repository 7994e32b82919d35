import { existsSync, globSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Host } from '@fairlead/lab';
import { type Browser, chromium } from 'playwright-core';

const unpacked = resolve(import.meta.dirname, '../../.peers/chromium');
const program = join(unpacked, 'usr/lib/chromium/chromium');

/** Why there is no browser to test with; `undefined` when there is one. */
export const noBrowser: string | undefined = existsSync(program)
  ? undefined
  : 'THE MAP IS NOT TESTED IN A BROWSER: this distribution has no chromium package to unpack (Debian has one)';

/** Debian's Chromium, in the network of a host of the lab: what it opens is that host's loopback. */
export async function openBrowser(host: Host): Promise<Browser> {
  const script = join(host.folder, 'browser');
  writeFileSync(script, `#!/bin/sh\nexec nsenter --net=/proc/${host.pid}/ns/net ${program} "$@"\n`, { mode: 0o755 });
  const fonts = join(host.folder, 'fonts.conf');
  const folders = ['/usr/share/fonts', join(unpacked, 'usr/share/fonts')].map((folder) => `<dir>${folder}</dir>`);
  const rules = ['', unpacked].map((top) => `<include ignore_missing="yes">${top}/etc/fonts/conf.d</include>`);
  writeFileSync(
    fonts,
    `<fontconfig>${[...folders, ...rules].join('')}<cachedir>${host.folder}/fonts</cachedir></fontconfig>`,
  );
  return await chromium.launch({
    executablePath: script,
    // Root has no other way, and the network it is in leads nowhere.
    args: ['--no-sandbox', '--disable-gpu'],
    env: { ...process.env, LD_LIBRARY_PATH: libraries(), FONTCONFIG_FILE: fonts, HOME: host.folder },
  });
}

/** Folders of the libraries that came with it; those of the machine come after them. */
function libraries(): string {
  const folders = globSync(['usr/lib/*-linux-gnu', 'lib/*-linux-gnu', 'usr/lib/*-linux-gnu/*'], { cwd: unpacked });
  return folders.map((folder) => join(unpacked, folder)).join(':');
}
