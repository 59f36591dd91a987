import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseXml } from './xml.mjs';

/**
 * Where each kind of metadata lies, by folder: its suffix and its type. Folders and suffixes are those of the Metadata API in source format.
 * `inside` are folders of an object.
 */
const KINDS = {
  classes: ['cls', 'ApexClass'],
  externalClientApps: ['eca', 'ExternalClientApplication'],
  externalCredentials: ['externalCredential', 'ExternalCredential'],
  extlClntAppGlobalOauthSets: ['ecaGlblOauth', 'ExtlClntAppGlobalOauthSettings'],
  extlClntAppOauthPolicies: ['ecaOauthPlcy', 'ExtlClntAppOauthConfigurablePolicies'],
  extlClntAppOauthSettings: ['ecaOauth', 'ExtlClntAppOauthSettings'],
  flexipages: ['flexipage', 'FlexiPage'],
  flows: ['flow', 'Flow'],
  layouts: ['layout', 'Layout'],
  lwc: ['js', 'LightningComponentBundle'],
  namedCredentials: ['namedCredential', 'NamedCredential'],
  objects: ['object', 'CustomObject'],
  permissionsets: ['permissionset', 'PermissionSet'],
  platformEventChannelMembers: ['platformEventChannelMember', 'PlatformEventChannelMember'],
  platformEventChannels: ['platformEventChannel', 'PlatformEventChannel'],
  quickActions: ['quickAction', 'QuickAction'],
  tabs: ['tab', 'CustomTab'],
};
const OF_AN_OBJECT = { fields: ['field', 'CustomField'], compactLayouts: ['compactLayout', 'CompactLayout'], listViews: ['listView', 'ListView'] };
export const SOURCE = 'force-app/main/default';
const NAMESPACE = 'http://soap.sforce.com/2006/04/metadata';

/**
 * Every file of the package source by its path from the package's folder.
 * @param {string} folder of the package
 * @returns {Map<string, string>}
 */
export function readFiles(folder) {
  const paths = readdirSync(join(folder, 'force-app'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/**
 * The files as metadata: what each is by its place, and its elements.
 * @param {Map<string, string>} files
 * @returns {{ files: Map<string, string>, items: { path: string, type: string, name: string, object: string, root: import('./xml.mjs').Element }[], faults: string[] }}
 */
export function readProject(files) {
  const items = [];
  const faults = [];
  for (const [path, text] of files) {
    if (!path.endsWith('-meta.xml')) continue;
    const place = placeOf(path);
    if (typeof place === 'string') {
      faults.push(`${path}: ${place}`);
      continue;
    }
    try {
      const root = parseXml(text);
      faults.push(...rootFaults(path, text, root, place));
      items.push({ path, root, ...place });
    } catch (error) {
      faults.push(`${path}:${error.message}`);
    }
  }
  return { files, items, faults };
}

function rootFaults(path, text, root, { type, name }) {
  const fullName = root.children.find((child) => child.name === 'fullName')?.text ?? name;
  return [
    ...(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>') ? [] : [`${path}: no XML declaration in front`]),
    ...(root.uri === NAMESPACE ? [] : [`${path}: the namespace is "${root.uri}"`]),
    ...(root.name === type ? [] : [`${path}: <${root.name}> lies where ${type} belongs`]),
    ...(fullName === name ? [] : [`${path}: it calls itself ${fullName}`]),
  ];
}

/** What a path is; a sentence where nothing belongs there. */
function placeOf(path) {
  const [folder, ...rest] = path.slice(SOURCE.length + 1).split('/');
  const file = rest.at(-1) ?? '';
  const inside = folder === 'objects' && rest.length === 3 ? OF_AN_OBJECT[rest[1]] : undefined;
  const kind = inside ?? (rest.length === (folder === 'objects' || folder === 'lwc' ? 2 : 1) ? KINDS[folder] : undefined);
  if (!path.startsWith(`${SOURCE}/`) || !kind) return 'no kind of metadata lies there';
  const [suffix, type] = kind;
  const end = `.${suffix}-meta.xml`;
  if (!file.endsWith(end)) return `files of ${type} end in ${end}`;
  const name = file.slice(0, -end.length);
  if (!inside && rest.length === 2 && rest[0] !== name) return `it lies in the folder of ${rest[0]}`;
  return { type, name, object: folder === 'objects' ? rest[0] : '' };
}
