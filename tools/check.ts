import { check } from './checks.ts';

/** `./fairlead tool check`: everything that can be known without root, in seconds. */
const { clean } = await check();
process.exitCode = clean ? 0 : 1;
