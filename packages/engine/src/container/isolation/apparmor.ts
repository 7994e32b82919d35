import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { FairleadError, messageOf } from '@fairlead/base';
import { defaultProfile, defaultProfileName } from '@fairlead/runtime/apparmor';

/** Where a host has what belongs to AppArmor. */
export interface AppArmorPlaces {
  /** `Y` where the kernel enforces profiles. */
  readonly enabled: string;
  /** The names of those that are loaded, one in a line, each with its mode behind it. */
  readonly profiles: string;
  /** What confines this process. */
  readonly own: string;
  readonly configuration: string;
  readonly parsers: readonly string[];
}

const machine: AppArmorPlaces = {
  enabled: '/sys/module/apparmor/parameters/enabled',
  profiles: '/sys/kernel/security/apparmor/profiles',
  own: '/proc/self/attr/current',
  configuration: '/etc/apparmor.d',
  parsers: ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser'],
};

/** What a container asks for that AppArmor has to do with. */
export interface AppArmorRequest {
  /** `--security-opt apparmor=…`; absent means nothing was asked for. */
  readonly asked: string | undefined;
  readonly privileged: boolean;
}

/** Gives a profile's text to the program that loads it. */
type Load = (parser: string, text: string) => Promise<void>;

/** Profiles of AppArmor for containers, where the host has AppArmor; elsewhere nothing is confined by it, as with Docker. */
export class AppArmor {
  readonly #places: AppArmorPlaces;
  readonly #load: Load;
  #parser: string | undefined | null = null;

  constructor(places: AppArmorPlaces = machine, load: Load = loadWithParser) {
    this.#places = places;
    this.#load = load;
  }

  /** True where the kernel enforces profiles and there is a program to load them. Asked of the host once. */
  get isEnabled(): boolean {
    if (this.#parser === null) this.#parser = this.#findParser();
    return this.#parser !== undefined;
  }

  /** Name of the profile of a container; `undefined` where there is none (moby, daemon/oci_linux.go, WithApparmor). */
  profileOf({ asked, privileged }: AppArmorRequest): string | undefined {
    if (!this.isEnabled) return undefined;
    return asked || (privileged ? 'unconfined' : defaultProfileName);
  }

  /**
   * Load the default profile where it is missing: other programs unload what they do not know.
   *
   * @throws FairleadError `internal` in Docker's words.
   */
  async require(profile: string | undefined): Promise<void> {
    if (profile !== defaultProfileName || !this.#parser || this.#isLoaded(profile)) return;
    const { configuration, own } = this.#places;
    const text = defaultProfile({
      daemonProfile: read(own).replace(/ \(.*/s, '').trim() || 'unconfined',
      hasTunables: existsSync(`${configuration}/tunables/global`),
      hasBase: existsSync(`${configuration}/abstractions/base`),
    });
    try {
      await this.#load(this.#parser, text);
    } catch (error) {
      const message = `AppArmor enabled on system but the ${profile} profile could not be loaded: ${messageOf(error)}`;
      throw new FairleadError('internal', message, { cause: error });
    }
  }

  #findParser(): string | undefined {
    const { enabled, profiles, parsers } = this.#places;
    if (!read(enabled).startsWith('Y') || !existsSync(profiles)) return undefined;
    return parsers.find((path) => existsSync(path));
  }

  #isLoaded(profile: string): boolean {
    return read(this.#places.profiles)
      .split('\n')
      .some((line) => line.startsWith(`${profile} (`));
  }
}

/** That of this machine. */
export const hostAppArmor: AppArmor = new AppArmor();

/** Without the parser's cache, and in the place of one of that name (apparmor_parser(8)). */
async function loadWithParser(parser: string, text: string): Promise<void> {
  const loading = promisify(execFile)(parser, ['-Kr']);
  loading.child.stdin?.end(text);
  await loading;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
