/** Some of the pure tests, in one process: they need none each. The files are its arguments. */
for (const path of process.argv.slice(2)) await import(path);
