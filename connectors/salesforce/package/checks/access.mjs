import { all, textOf } from './xml.mjs';
import { hasField, hasObject, isRequired, kindOf } from './model.mjs';

/** Reading one of these takes reading of the other [mem: the dependencies that a deploy insists on]. */
const NEEDS = { Opportunity: 'Account', Contact: 'Account' };
/** A right on an object, and the rights that it is nothing without. */
const RIGHTS = {
  allowCreate: ['allowRead'],
  allowEdit: ['allowRead'],
  allowDelete: ['allowRead', 'allowEdit'],
  viewAllRecords: ['allowRead'],
  modifyAllRecords: ['allowRead', 'allowEdit', 'allowDelete', 'viewAllRecords'],
};
/** Users of a platform event can publish and subscribe, nothing more. */
const NOT_FOR_EVENTS = ['allowEdit', 'allowDelete', 'viewAllRecords', 'modifyAllRecords'];

/** What permission sets grant and is not there, or cannot be granted, and what they leave out. */
export const accessFaults = (model) =>
  model
    .ofType('PermissionSet')
    .flatMap((set) => [...fieldFaults(model, set), ...coverFaults(model, set), ...rightFaults(model, set), ...otherFaults(model, set)].map((say) => `${set.path}: ${say}`));

function fieldFaults(model, { root }) {
  const names = all(root, 'fieldPermissions').map((grant) => textOf(grant, 'field'));
  const rights = rightsOf(root);
  return all(root, 'fieldPermissions').flatMap((grant) => {
    const name = textOf(grant, 'field');
    const [object, field] = name.split('.');
    const own = model.fields.get(object)?.get(field);
    const faults = [];
    if (!own || !hasField(model, object, field)) faults.push(`there is no field ${name}`);
    else if (isRequired(own)) faults.push(`${name} is required, and a deploy refuses access to it`);
    if (names.indexOf(name) !== names.lastIndexOf(name)) faults.push(`${name} is granted twice`);
    if (textOf(grant, 'editable') === 'true' && textOf(grant, 'readable') !== 'true') faults.push(`${name} can be written and not read`);
    // Files have no rights of their own: they follow the record that they hang on.
    if (object !== 'ContentVersion' && !rights.get(object)?.has('allowRead')) faults.push(`${name} can be read, ${object} cannot`);
    return faults;
  });
}

/** Every custom field is in every set: a field that is left out is invisible, also to its own server. */
function coverFaults(model, { root }) {
  const granted = new Set(all(root, 'fieldPermissions').map((grant) => textOf(grant, 'field')));
  const grantable = model.ofType('CustomField').filter((field) => !isRequired(field) && !field.object.endsWith('__e'));
  const objects = [...model.objects.keys()].filter((name) => name.endsWith('__c') && !rightsOf(root).has(name));
  return [
    ...grantable.filter(({ object, name }) => !granted.has(`${object}.${name}`)).map(({ object, name }) => `${object}.${name} is left out`),
    ...objects.map((name) => `the object ${name} is left out`),
  ];
}

const rightsOf = (root) =>
  new Map(
    all(root, 'objectPermissions').map((grant) => [
      textOf(grant, 'object'),
      new Set(grant.children.filter(({ text, name }) => text === 'true' && name !== 'object').map(({ name }) => name)),
    ]),
  );

function rightFaults(model, { root }) {
  const rights = rightsOf(root);
  return [...rights].flatMap(([object, has]) => [
    ...(hasObject(model, object) ? [] : [`there is no object ${object}`]),
    ...[...has].flatMap((right) => (RIGHTS[right] ?? []).filter((needed) => !has.has(needed)).map((needed) => `${object}: ${right} without ${needed}`)),
    ...(object.endsWith('__e') ? NOT_FOR_EVENTS.filter((right) => has.has(right)).map((right) => `${object}: ${right} is not for events`) : []),
    ...parentsOf(model, object)
      .filter((parent) => !rights.get(parent)?.has('allowRead'))
      .map((parent) => `${object} can be read, its parent ${parent} cannot`),
  ]);
}
function parentsOf(model, object) {
  const masters = [...(model.fields.get(object)?.values() ?? [])].filter((field) => kindOf(field) === 'MasterDetail');
  return [...masters.map((field) => textOf(field.root, 'referenceTo')), ...(NEEDS[object] ? [NEEDS[object]] : [])];
}

function otherFaults(model, { root }) {
  const texts = (grants, part) => all(root, grants).map((grant) => textOf(grant, part));
  const tabs = new Set(model.ofType('CustomTab').map(({ name }) => name));
  const principals = new Set(model.ofType('ExternalCredential').flatMap((credential) => principalsOf(credential).map((name) => `${credential.name}-${name}`)));
  return [
    ...texts('classAccesses', 'apexClass')
      .filter((name) => !model.classes.has(name))
      .map((name) => `there is no class ${name}`),
    ...texts('tabSettings', 'tab')
      .filter((name) => !tabs.has(name))
      .map((name) => `there is no tab ${name}`),
    ...texts('externalCredentialPrincipalAccesses', 'externalCredentialPrincipal')
      .filter((name) => !principals.has(name))
      .map((name) => `there is no principal ${name}`),
    ...(texts('externalCredentialPrincipalAccesses', 'enabled').length > 0 && !rightsOf(root).has('UserExternalCredential')
      ? ['a principal without reading of UserExternalCredential']
      : []),
  ];
}
const principalsOf = ({ root }) =>
  all(root, 'externalCredentialParameters')
    .filter((parameter) => textOf(parameter, 'parameterType').endsWith('Principal'))
    .map((parameter) => textOf(parameter, 'parameterName'));
