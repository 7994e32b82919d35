/**
 * The language of Dockerfiles and of `.dockerignore`: texts to values, variables to their values. Nothing here opens a
 * file or knows what an image is.
 *
 * @module
 */
export { BuildArguments, type GivenArguments } from './build-arguments.ts';
export { type Dockerfile, parseDockerfile, parseInstructions, type Stage } from './dockerfile.ts';
export { formatGoDuration, parseGoDuration } from './go-duration.ts';
export { goQuote, goQuoteList } from './go-text.ts';
export { healthCheckText } from './health-check.ts';
export { IgnorePatterns } from './ignore-patterns.ts';
export type {
  ArgInstruction,
  CommandLine,
  FromInstruction,
  HealthCheck,
  Instruction,
  Order,
  Pair,
  Transfer,
} from './instruction.ts';
export { expandInstruction } from './instruction-expansion.ts';
export { formatPairs } from './pair-text.ts';
export { hasWildcards, pathPattern } from './path-pattern.ts';
export { shellWords } from './shell-words.ts';
export type { EscapeCharacter } from './source-lines.ts';
export { expandWord, type Variables, variablesOf } from './word-expansion.ts';
