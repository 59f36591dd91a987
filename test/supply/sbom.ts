import { billOfMaterials, licenseList } from './packages.ts';

/** Prints the bill of materials of what is shipped; with `--licenses`, the packages under each license. */
process.stdout.write(process.argv.includes('--licenses') ? licenseList() : `${JSON.stringify(billOfMaterials(), null, 2)}\n`);
