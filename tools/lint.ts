import { formatStep, promiseStep } from './linters.ts';
import { report } from './step.ts';

/** `./fairlead tool lint [--fix]`: format, style and lost promises. */
const fix = process.argv.includes('--fix');
const formatted = await report(fix ? 'format and lint, fixing' : 'format and lint', formatStep({ fix, brief: false }));
const kept = await report('promises', promiseStep());
process.exitCode = formatted && kept ? 0 : 1;
