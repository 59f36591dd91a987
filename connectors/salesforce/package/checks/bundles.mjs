import { customNames, methodsOf } from './apex-text.mjs';
import { SOURCE } from './project.mjs';
import { all, textOf, walk } from './xml.mjs';
import { targetsOf } from './pages.mjs';

export const API_VERSION = '67.0';
const TARGETS = new Set([
  'lightning__RecordAction',
  'lightning__RecordPage',
  'lightning__AppPage',
  'lightning__HomePage',
  'lightning__FlowScreen',
  'lightning__FlowAction',
  'lightning__UtilityBar',
  'lightning__Tab',
]);
/** Modules of the platform that are used here; another name is more likely a slip than a wish. */
const PLATFORM = new Set(['lwc', 'lightning/actions', 'lightning/platformShowToastEvent', '@salesforce/apex']);

/** What is missing in bundles and classes, and what they import and is not there. */
export const codeFaults = (model) => [
  ...[...model.bundles.values()].flatMap((bundle) => bundleFaults(model, bundle)),
  ...pairFaults(model),
  ...[...model.classes.values()].flatMap((item) => classFaults(model, item)),
];

function bundleFaults(model, bundle) {
  const folder = `${SOURCE}/lwc/${bundle.name}`;
  const script = model.files.get(`${folder}/${bundle.name}.js`);
  const markup = model.files.get(`${folder}/${bundle.name}.html`);
  const isComponent = /extends LightningElement\b/.test(script ?? '');
  const targets = targetsOf(bundle);
  const faults = [];
  if (!/^[a-z][A-Za-z0-9]*$/.test(bundle.name)) faults.push('its name is not in camel case');
  if (script === undefined) faults.push('it has no script');
  if (isComponent !== (markup !== undefined)) faults.push('a component has markup, and nothing else has');
  if (textOf(bundle.root, 'apiVersion') !== API_VERSION) faults.push(`its API version is not ${API_VERSION}`);
  if ((textOf(bundle.root, 'isExposed') === 'true') !== targets.length > 0) faults.push('exposed without a target, or a target that is not exposed');
  faults.push(...targets.filter((target) => !TARGETS.has(target)).map((target) => `there is no target ${target}`));
  faults.push(...configFaults(bundle, targets), ...importFaults(model, script ?? ''), ...tagFaults(model, markup ?? ''));
  return faults.map((fault) => `${bundle.path}: ${fault}`);
}

function configFaults(bundle, targets) {
  const configs = [...walk(bundle.root)].filter(({ name }) => name === 'targetConfig');
  return configs.flatMap((config) => [
    ...(config.attributes.targets ?? '')
      .split(',')
      .filter((target) => !targets.includes(target.trim()))
      .map((target) => `a setting for ${target}, which is no target`),
    ...all(config, 'actionType')
      .filter(({ text }) => !['Action', 'ScreenAction'].includes(text))
      .map(({ text }) => `there is no kind of action ${text}`),
  ]);
}

function importFaults(model, script) {
  return [...script.matchAll(/^import\s[^'"]*from\s+'([^']+)'/gm)].flatMap(([, from]) => {
    const [, name, method] = /^@salesforce\/apex\/(\w+)\.(\w+)$/.exec(from) ?? [];
    if (name) return methodsOf(model.files.get(`${SOURCE}/classes/${name}.cls`) ?? '').has(method) ? [] : [`${name}.${method} cannot be called from a component`];
    if (from.startsWith('c/')) return model.bundles.has(from.slice(2)) ? [] : [`there is no module ${from}`];
    return PLATFORM.has(from) ? [] : [`it imports ${from}, which is not known here`];
  });
}

const camel = (tag) => tag.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase());
const tagFaults = (model, markup) =>
  [...new Set([...markup.matchAll(/<c-([a-z0-9-]+)/g)].map(([, tag]) => camel(tag)))].filter((name) => !model.bundles.has(name)).map((name) => `there is no component ${name}`);

/** A class and its description come in pairs. */
function pairFaults({ files }) {
  const classes = [...files.keys()].filter((path) => path.startsWith(`${SOURCE}/classes/`));
  return classes.flatMap((path) => {
    const other = path.endsWith('-meta.xml') ? path.slice(0, -'-meta.xml'.length) : `${path}-meta.xml`;
    return files.has(other) ? [] : [`${path}: ${other.split('/').at(-1)} is missing`];
  });
}

function classFaults(model, { path, root, name }) {
  const source = model.files.get(path.replace('-meta.xml', '')) ?? '';
  const known = new Set([...model.objects.keys(), ...[...model.fields.values()].flatMap((fields) => [...fields.keys()]), ...relationshipsOf(model)]);
  return [
    ...(textOf(root, 'apiVersion') === API_VERSION ? [] : [`${path}: its API version is not ${API_VERSION}`]),
    ...(new RegExp(`\\bclass ${name}\\b`).test(source) ? [] : [`${path}: the class has another name`]),
    ...[...customNames(source)].filter((custom) => !known.has(custom)).map((custom) => `${path}: there is no ${custom}`),
  ];
}
const relationshipsOf = (model) =>
  model.ofType('CustomField').flatMap((field) => {
    const relationship = textOf(field.root, 'relationshipName');
    return relationship ? [`${relationship}__r`, field.name.replace(/__c$/, '__r')] : [];
  });
