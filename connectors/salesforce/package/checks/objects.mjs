import { all, textOf, walk } from './xml.mjs';
import { hasField, hasObject, isRequired, kindOf, valuesOf } from './model.mjs';

/** What objects, fields, views, layouts and tabs say of each other and is not so. */
export function objectFaults(model) {
  return [
    ...model.ofType('CustomField').flatMap((field) => fieldFaults(model, field)),
    ...relationshipFaults(model),
    ...model.ofType('CustomObject').flatMap((object) => compactFaults(model, object)),
    ...model.ofType('CompactLayout').flatMap((layout) => unknownFields(model, layout, layout.object, all(layout.root, 'fields'))),
    ...model.ofType('ListView').flatMap((view) => viewFaults(model, view)),
    ...model.ofType('Layout').flatMap((layout) => layoutFaults(model, layout)),
    ...model.ofType('CustomTab').flatMap((tab) => (model.objects.has(tab.name) ? [] : [`${tab.path}: there is no object ${tab.name}`])),
  ];
}

const unknownFields = (model, { path }, object, elements) =>
  elements.filter(({ text }) => !hasField(model, object, text)).map(({ line, text }) => `${path}:${line} ${object} has no field ${text}`);

/** Lengths beyond which a deploy fails. */
const LABEL = 40;

function fieldFaults(model, field) {
  const { path, root, object } = field;
  const target = textOf(root, 'referenceTo');
  const faults = [];
  if (/__[ce]$/.test(object) && !model.objects.has(object)) faults.push(`${path}: there is no object ${object}`);
  if (target && !hasObject(model, target)) faults.push(`${path}: there is no object ${target}`);
  if (['Lookup', 'MasterDetail'].includes(kindOf(field)) !== (target !== '')) faults.push(`${path}: a ${kindOf(field)} and its target do not go together`);
  if (textOf(root, 'label').length > LABEL || field.name.length > LABEL + 3) faults.push(`${path}: its name or label is longer than ${LABEL}`);
  if (textOf(root, 'unique') === 'true' && textOf(root, 'caseSensitive') === '' && kindOf(field) === 'Text') faults.push(`${path}: unique, and does not say whether case counts`);
  return faults;
}

/** Two lookups to one parent under one name would be one list. */
function relationshipFaults(model) {
  const seen = new Map();
  return model.ofType('CustomField').flatMap(({ path, root }) => {
    const name = textOf(root, 'relationshipName');
    const key = `${textOf(root, 'referenceTo')}.${name}`;
    if (!name) return [];
    const first = seen.get(key);
    seen.set(key, path);
    return first ? [`${path}: ${key} is taken by ${first}`] : [];
  });
}

function compactFaults(model, { path, root, name }) {
  const assigned = textOf(root, 'compactLayoutAssignment');
  const there = model.ofType('CompactLayout').some((layout) => layout.object === name && layout.name === assigned);
  return assigned === '' || there ? [] : [`${path}: there is no compact layout ${assigned}`];
}

function viewFaults(model, view) {
  const filters = all(view.root, 'filters');
  return [
    ...unknownFields(model, view, view.object, [...all(view.root, 'columns'), ...filters.flatMap((filter) => all(filter, 'field'))]),
    ...filters.flatMap((filter) => {
      const values = valuesOf(model, view.object, textOf(filter, 'field'));
      const odd = values
        ? textOf(filter, 'value')
            .split(',')
            .filter((value) => !values.has(value))
        : [];
      return odd.map((value) => `${view.path}:${filter.line} ${textOf(filter, 'field')} is never ${value}`);
    }),
  ];
}

function layoutFaults(model, layout) {
  const object = layout.name.split('-')[0];
  const placed = [...walk(layout.root)].filter((element) => element.name === 'layoutItems').flatMap((element) => all(element, 'field'));
  const names = placed.map(({ text }) => text);
  const own = [...(model.fields.get(object)?.values() ?? [])];
  return [
    ...(model.objects.has(object) ? [] : [`${layout.path}: there is no object ${object}`]),
    ...unknownFields(model, layout, object, placed),
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `${layout.path}: ${name} is placed twice`),
    ...own.filter((field) => !names.includes(field.name)).map((field) => `${layout.path}: ${isRequired(field) ? 'required ' : ''}${field.name} is not on it`),
    ...all(layout.root, 'relatedLists').flatMap((list) => relatedListFaults(model, layout, object, list)),
  ];
}

function relatedListFaults(model, layout, object, list) {
  const [child, lookup] = textOf(list, 'relatedList').split('.');
  const field = model.fields.get(child)?.get(lookup);
  const leads = field ? textOf(field.root, 'referenceTo') === object : false;
  return [...(leads ? [] : [`${layout.path}:${list.line} ${child}.${lookup} does not lead here`]), ...unknownFields(model, layout, child, all(list, 'fields'))];
}
