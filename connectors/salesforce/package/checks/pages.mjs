import { all, textOf, walk } from './xml.mjs';
import { hasField, hasObject } from './model.mjs';
import { inputsOf, isInvocable } from './apex-text.mjs';

/** What actions, pages, flows, credentials and channels name and is not there. */
export function pageFaults(model) {
  return [
    ...model.ofType('QuickAction').flatMap((action) => actionFaults(model, action)),
    ...model.ofType('FlexiPage').flatMap((page) => flexiPageFaults(model, page)),
    ...model.ofType('Flow').flatMap((flow) => flowFaults(model, flow)),
    ...linkFaults(model),
  ].filter((fault) => fault !== '');
}

const must = (ok, fault) => (ok ? [] : [fault]);
export const targetsOf = (bundle) => [...walk(bundle.root)].filter(({ name }) => name === 'target').map(({ text }) => text);

function actionFaults(model, { path, root, name }) {
  const bundle = model.bundles.get(textOf(root, 'lightningWebComponent'));
  const kinds = bundle ? [...walk(bundle.root)].filter((element) => element.name === 'actionType').map(({ text }) => text) : [];
  return [
    ...must(/^\w+\.\w+$/.test(name) && hasObject(model, name.split('.')[0]), `${path}: an action of no object`),
    ...must(bundle, `${path}: there is no component ${textOf(root, 'lightningWebComponent')}`),
    ...must(!bundle || targetsOf(bundle).includes('lightning__RecordAction'), `${path}: the component is not made for actions`),
    ...must(!bundle || kinds.includes(textOf(root, 'actionSubtype')), `${path}: the component is no ${textOf(root, 'actionSubtype')}`),
  ];
}

function flexiPageFaults(model, { path, root }) {
  const facets = new Set(
    all(root, 'flexiPageRegions')
      .filter((region) => textOf(region, 'type') === 'Facet')
      .map((region) => textOf(region, 'name')),
  );
  const components = [...walk(root)].filter(({ name }) => name === 'componentInstance');
  const identifiers = components.map((component) => textOf(component, 'identifier'));
  return [
    ...must(hasObject(model, textOf(root, 'sobjectType')), `${path}: there is no object ${textOf(root, 'sobjectType')}`),
    ...must(new Set(identifiers).size === identifiers.length && !identifiers.includes(''), `${path}: a component has no identifier of its own`),
    ...components.flatMap((component) => {
      const name = textOf(component, 'componentName');
      const bundle = model.bundles.get(name);
      return [
        ...must(name.includes(':') || bundle, `${path}:${component.line} there is no component ${name}`),
        ...must(!bundle || targetsOf(bundle).includes('lightning__RecordPage'), `${path}:${component.line} ${name} is not made for record pages`),
        ...all(component, 'componentInstanceProperties').flatMap((property) => propertyFaults(model, path, property, facets)),
      ];
    }),
  ];
}

function propertyFaults(model, path, property, facets) {
  const name = textOf(property, 'name');
  if (name === 'body' || name === 'tabs') return must(facets.has(textOf(property, 'value')), `${path}:${property.line} there is no facet ${textOf(property, 'value')}`);
  if (name !== 'actionNames') return [];
  const names = [...walk(property)].filter((element) => element.name === 'value' && element.text !== '').map(({ text }) => text);
  return names.filter((action) => action.includes('.') && !model.actions.has(action)).map((action) => `${path}:${property.line} there is no action ${action}`);
}

function flowFaults(model, { path, root }) {
  const start = all(root, 'start')[0];
  const object = start ? textOf(start, 'object') : '';
  const nodes = new Set(root.children.map((element) => textOf(element, 'name')).filter((name) => name !== ''));
  const targets = [...walk(root)].filter(({ name }) => name === 'targetReference');
  return [
    ...must(textOf(root, 'status') === 'Draft', `${path}: an example must not be active`),
    ...(start ? all(start, 'filters') : []).flatMap((filter) =>
      must(hasField(model, object, textOf(filter, 'field')), `${path}:${filter.line} ${object} has no field ${textOf(filter, 'field')}`),
    ),
    ...targets.flatMap(({ text, line }) => must(nodes.has(text), `${path}:${line} there is no element ${text}`)),
    ...all(root, 'actionCalls').flatMap((call) => callFaults(model, path, call)),
  ];
}

function callFaults(model, path, call) {
  const name = textOf(call, 'actionName');
  const source = model.files.get(model.classes.get(name)?.path.replace('-meta.xml', '') ?? '') ?? '';
  if (textOf(call, 'actionType') !== 'apex' || !isInvocable(source)) return [`${path}:${call.line} ${name} cannot be invoked`];
  const inputs = inputsOf(source);
  const given = all(call, 'inputParameters').map((parameter) => textOf(parameter, 'name'));
  return [
    ...given.filter((input) => !inputs.has(input)).map((input) => `${path}:${call.line} ${name} takes no ${input}`),
    ...[...inputs].filter(([input, required]) => required && !given.includes(input)).map(([input]) => `${path}:${call.line} ${name} needs ${input}`),
  ];
}

function linkFaults(model) {
  const names = (type) => new Set(model.ofType(type).map(({ name }) => name));
  const [apps, credentials, channels] = [names('ExternalClientApplication'), names('ExternalCredential'), names('PlatformEventChannel')];
  const parts = ['ExtlClntAppGlobalOauthSettings', 'ExtlClntAppOauthSettings', 'ExtlClntAppOauthConfigurablePolicies'].flatMap((type) => model.ofType(type));
  return [
    ...parts.flatMap(({ path, root }) => must(apps.has(textOf(root, 'externalClientApplication')), `${path}: there is no app ${textOf(root, 'externalClientApplication')}`)),
    ...model.ofType('NamedCredential').flatMap(({ path, root }) =>
      all(root, 'namedCredentialParameters')
        .map((parameter) => textOf(parameter, 'externalCredential'))
        .filter((name) => name !== '' && !credentials.has(name))
        .map((name) => `${path}: there is no external credential ${name}`),
    ),
    ...model.ofType('ExternalCredential').flatMap((credential) => headerFaults(credential)),
    ...model
      .ofType('PlatformEventChannelMember')
      .flatMap(({ path, root }) => [
        ...must(channels.has(textOf(root, 'eventChannel')), `${path}: there is no channel ${textOf(root, 'eventChannel')}`),
        ...must(
          /^\w+?ChangeEvent$/.test(textOf(root, 'selectedEntity')) && hasObject(model, textOf(root, 'selectedEntity').replace(/_*ChangeEvent$/, '')),
          `${path}: no change event`,
        ),
      ]),
  ];
}

/** A header's formula reads a parameter of its own credential. */
const headerFaults = ({ path, root, name }) =>
  all(root, 'externalCredentialParameters')
    .filter((parameter) => textOf(parameter, 'parameterType') === 'AuthHeader')
    .flatMap((parameter) => must(textOf(parameter, 'parameterValue').includes(`$Credential.${name}.`), `${path}:${parameter.line} the header reads another credential`));
