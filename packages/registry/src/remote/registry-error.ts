import { type ErrorCode, FairleadError } from '@fairlead/base';
import { isObject } from '../document/image-config.ts';
import { familiarName, familiarText, type ImageReference } from '../document/image-reference.ts';
import { parseAuthChallenges } from './auth-challenge.ts';
import { type HttpResponse, operation, readBody } from './http-transport.ts';

/** What a registry said in its error document (OCI distribution spec, "Error Codes"). */
interface RegistryProblem {
  /** `MANIFEST_UNKNOWN` and the like. */
  readonly code: string;
  readonly message: string;
}

const maximumErrorBody = 64 * 1024;

/**
 * The error that an answer which was no success stands for, in Docker's words.
 *
 * @param reference what was asked for, as the user would call it.
 */
export async function registryError(
  response: HttpResponse,
  url: URL,
  reference: ImageReference,
): Promise<FairleadError> {
  const problem = await problemOf(response);
  if (problem === undefined) return unexpectedStatus(response);
  const text = problemText(problem);
  const [code, context] = contextOf(problem.code, url, reference);
  return new FairleadError(code, `${context}: ${text}`);
}

/** The same for a push, where Docker says no more than the registry. */
export async function pushError(response: HttpResponse): Promise<FairleadError> {
  const problem = await problemOf(response);
  if (problem === undefined) return unexpectedStatus(response);
  const codes: Readonly<Record<string, ErrorCode>> = { UNAUTHORIZED: 'unauthorized', DENIED: 'forbidden' };
  return new FairleadError(codes[problem.code] ?? 'internal', problemText(problem));
}

async function problemOf(response: HttpResponse): Promise<RegistryProblem | undefined> {
  return challengeProblem(response) ?? (await bodyProblem(response)) ?? statusProblem(response.statusCode ?? 0);
}

function problemText({ code, message }: RegistryProblem): string {
  return `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`;
}

function unexpectedStatus({ statusCode = 0, statusMessage = '' }: HttpResponse): FairleadError {
  return new FairleadError('internal', `received unexpected HTTP status: ${statusCode} ${statusMessage}`.trim());
}

function contextOf(problem: string, url: URL, reference: ImageReference): [ErrorCode, string] {
  switch (problem) {
    case 'DENIED':
      return [
        'not-found',
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login'`,
      ];
    case 'MANIFEST_UNKNOWN':
      return ['not-found', `manifest for ${familiarText(reference)} not found`];
    case 'NAME_UNKNOWN':
      return ['not-found', `repository ${familiarName(reference)} not found`];
    case 'UNAUTHORIZED':
      return ['unauthorized', operation({ method: 'GET', url })];
    default:
      return ['internal', operation({ method: 'GET', url })];
  }
}

/** A token that was good but not good enough tells in the header that access is denied (RFC 6750, 3.1). */
function challengeProblem(response: HttpResponse): RegistryProblem | undefined {
  const [challenge] = parseAuthChallenges(response.headers['www-authenticate'] ?? '');
  if (response.statusCode !== 401 || challenge?.parameters['error'] !== 'insufficient_scope') return undefined;
  response.destroy();
  return { code: 'DENIED', message: 'requested access to the resource is denied' };
}

async function bodyProblem(response: HttpResponse): Promise<RegistryProblem | undefined> {
  const body = await readBody(response, maximumErrorBody).catch(() => Buffer.alloc(0));
  const document = tryParse(body.toString('utf8'));
  if (!isObject(document)) return undefined;
  const list: unknown = document['errors'];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (isObject(first) && typeof first['code'] === 'string') {
    return { code: first['code'], message: String(first['message'] ?? '') || first['code'].toLowerCase() };
  }
  const details = document['details'] ?? document['message'];
  return response.statusCode === 401 && typeof details === 'string'
    ? { code: 'UNAUTHORIZED', message: details }
    : undefined;
}

function statusProblem(status: number): RegistryProblem | undefined {
  if (status === 401) return { code: 'UNAUTHORIZED', message: 'authentication required' };
  if (status === 403) return { code: 'DENIED', message: 'requested access to the resource is denied' };
  if (status === 404) return { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' };
  if (status === 429) return { code: 'TOOMANYREQUESTS', message: 'too many requests' };
  return undefined;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
