import { test } from 'node:test';

/** Some of the pure tests, in one process: they need none each. The files are its arguments. */
for (const path of process.argv.slice(2)) {
  try {
    await import(path);
  } catch (error) {
    // The others are no worse for it.
    test(`${path} is loaded`, () => Promise.reject(error));
  }
}
