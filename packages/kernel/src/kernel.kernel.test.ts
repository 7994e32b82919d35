import { afterEach } from 'node:test';
import { Kernel } from './kernel.ts';
import { deleteNamespace, listNamespaces } from './namespace.ts';
import { conformanceTests } from './testing/conformance.ts';

const kernels: Kernel[] = [];

function clean(): void {
  for (const kernel of kernels.splice(0)) kernel[Symbol.dispose]();
  for (const name of listNamespaces()) if (name.startsWith('fl-test-conform-')) deleteNamespace(name);
}

clean();
afterEach(clean);

conformanceTests(() => {
  const kernel = new Kernel();
  kernels.push(kernel);
  return kernel;
});
