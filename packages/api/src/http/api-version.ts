import { FairleadError } from '@fairlead/base';

/** A version of the Docker Engine API: the number after `1.`. */
export type ApiVersion = number;

/** Newest version that is served, and the one that a request without a version gets. */
export const maximumVersion: ApiVersion = 51;

/** Oldest version that is served. */
export const minimumVersion: ApiVersion = 24;

/** As it stands in paths and headers: `1.51`. */
export function formatVersion(version: ApiVersion): string {
  return `1.${version}`;
}

/**
 * The version that a path asks for.
 *
 * @param text what stands between `/v` and the next slash; `undefined` means the newest.
 * @throws FairleadError `invalid-argument` in Docker's words when it is not served.
 */
export function negotiateVersion(text: string | undefined): ApiVersion {
  if (text === undefined) return maximumVersion;
  const [major = 0, minor = 0] = text.split('.').map(Number);
  const version = major === 1 ? minor : (major - 1) * 1000;
  if (version > maximumVersion) {
    throw invalid(
      `client version ${text} is too new. Maximum supported API version is ${formatVersion(maximumVersion)}`,
    );
  }
  if (version < minimumVersion) {
    throw invalid(
      `client version ${text} is too old. Minimum supported API version is ${formatVersion(minimumVersion)}, ` +
        'please upgrade your client to a newer version',
    );
  }
  return version;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
