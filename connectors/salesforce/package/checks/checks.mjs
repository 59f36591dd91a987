import { join } from 'node:path';
import { accessFaults } from './access.mjs';
import { codeFaults } from './bundles.mjs';
import { readContract, shapeFaults } from './contract.mjs';
import { modelOf } from './model.mjs';
import { nameFaults } from './names.mjs';
import { objectFaults } from './objects.mjs';
import { pageFaults } from './pages.mjs';
import { readProject } from './project.mjs';

export { readFiles } from './project.mjs';

/**
 * All that can be seen to be wrong with the package without an org.
 * @param {Map<string, string>} files of the package source by path (`readFiles`)
 * @param {string} specs folder with the vendor's specifications of Salesforce
 * @returns {{ faults: string[], checked: number, full: boolean }} `full` says whether the specifications were at hand
 */
export function checkPackage(files, specs) {
  const contract = readContract(join(specs, 'metadata'));
  const project = readProject(files);
  const model = modelOf(project, specs);
  const shapes = project.items.flatMap(({ path, root, type }) => shapeFaults(contract, root, type).map((fault) => `${path}:${fault}`));
  const faults = [...project.faults, ...shapes, ...objectFaults(model), ...accessFaults(model), ...pageFaults(model), ...codeFaults(model), ...nameFaults(model)];
  return { faults, checked: project.items.length, full: contract.full };
}
