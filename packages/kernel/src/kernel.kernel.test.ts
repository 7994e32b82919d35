import { afterEach } from 'node:test';
import { Kernel } from './kernel.ts';
import { deleteNamespace, listNamespaces } from './namespace/namespace.ts';
import { conformanceTests } from './testing/conformance.ts';
import { testNames } from './testing/test-names.ts';

const kernels: Kernel[] = [];

const names = testNames('conform');

function clean(): void {
  for (const kernel of kernels.splice(0)) kernel[Symbol.dispose]();
  for (const name of listNamespaces()) if (name.startsWith(names)) deleteNamespace(name);
}

clean();
afterEach(clean);

conformanceTests(() => {
  const kernel = new Kernel();
  kernels.push(kernel);
  return kernel;
});
