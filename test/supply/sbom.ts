import { readUsage } from '../usage.ts';
import { billOfMaterials, licenseList } from './packages.ts';

/** Prints the bill of materials of what is shipped; with `--licenses`, the packages under each license. */
const USAGE = `npm run sbom                bill of materials, CycloneDX
npm run sbom -- --licenses  packages under each license`;
const { values } = readUsage(USAGE, { options: { licenses: { type: 'boolean' } } });
process.stdout.write(values.licenses ? licenseList() : `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
