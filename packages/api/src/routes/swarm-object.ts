import { FairleadError, goBooleanError, parseGoBoolean } from '@fairlead/base';
import { type ApiRequest, text } from '../http/request.ts';

/**
 * The version of an object that a request has read.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words.
 */
export function versionOf(request: ApiRequest, kind: string): number {
  const raw = request.query.get('version') ?? '';
  if (/^\d{1,15}$/.test(raw)) return Number(raw);
  const fault = `strconv.ParseUint: parsing ${JSON.stringify(raw)}: invalid syntax`;
  const hasReason = kind !== 'secret' && kind !== 'config';
  throw invalid(hasReason ? `invalid ${kind} version '${raw}': ${fault}` : `invalid ${kind} version`);
}

/** A flag of the query as Go's parser reads it. @throws FairleadError `invalid-argument` in dockerd's words. */
export function strictFlag(request: ApiRequest, name: string): boolean {
  const raw = text(request, name);
  if (raw === undefined) return false;
  const value = parseGoBoolean(raw);
  if (value === undefined) throw invalid(`invalid value for ${name}: ${raw}`);
  return value;
}

/** The same where dockerd tells what is wrong with it. */
export function explainedFlag(request: ApiRequest, name: string): boolean {
  const raw = text(request, name);
  if (raw === undefined) return false;
  const value = parseGoBoolean(raw);
  if (value === undefined) throw invalid(`invalid value for ${name}: ${raw}: ${goBooleanError(raw)}`);
  return value;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
