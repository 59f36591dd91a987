import { loadManifest } from '#shared/manifest';

export const manifest = loadManifest('marketing-cloud');
