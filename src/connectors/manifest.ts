import { manifestSchema, type Manifest } from '#ports/manifest';
import { projectFile } from '#lib/root';

/** Reads and checks `connectors/<vendor>/manifest.json`. @throws Error naming each fault */
export function loadManifest(vendor: string): Manifest {
  const parsed = manifestSchema.safeParse(JSON.parse(projectFile(`connectors/${vendor}/manifest.json`)));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`connectors/${vendor}/manifest.json: ${faults.join('; ')}`);
}
