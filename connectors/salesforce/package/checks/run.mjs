import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apexFaults } from './apex.mjs';
import { checkPackage, readFiles } from './checks.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Beside the checkout: three folders up to the root of the repository, one more to what lies next to it. */
const specs = join(folder, '../../../../shared/specs/salesforce');

const files = readFiles(folder);
const { faults, checked, full } = checkPackage(files, specs);
const apex = apexFaults(files);
if (!full) console.warn(`\n*** THE VENDOR'S CONTRACT IS NOT AT HAND (../shared/specs beside the checkout): most metadata is checked for its references only. ***\n`);
for (const fault of [...faults, ...apex.faults]) console.error(fault);
console.log(`${checked} metadata files${full ? ' held against the Metadata API' : ''}, ${apex.parsed} Apex classes parsed: ${faults.length + apex.faults.length} faults`);
if (faults.length + apex.faults.length > 0) process.exitCode = 1;
