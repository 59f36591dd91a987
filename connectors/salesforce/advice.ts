import { entryOf } from '#lib/json';

const ACCESS = 'Assign the permission set Countersign Integration to the connected user, and check that its profile may use the object and see the fields';
const WHAT_TO_DO: Record<string, string> = {
  INVALID_TYPE: `The org has no such object, or the connected user may not see it. Install the Countersign package. ${ACCESS}`,
  NOT_FOUND: `The org has no such object or key field, or the connected user may not see it. Install the Countersign package. ${ACCESS}`,
  INVALID_FIELD: `The org has no such field, or the connected user may not see it. ${ACCESS}. A field of your own: correct the mapping`,
  INVALID_FIELD_FOR_INSERT_UPDATE: `The field cannot be written. ${ACCESS}, or take the field out of the mapping`,
  INSUFFICIENT_ACCESS: `The connected user may not do this. ${ACCESS}`,
  INSUFFICIENT_ACCESS_OR_READONLY: `The connected user may not change this record. ${ACCESS}, and that sharing lets it edit the record`,
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: `The connected user may not use a record that this one points at. ${ACCESS}, and that sharing shows it both records`,
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: "A flow or trigger of the org failed on this record. Ask the org's admin to correct it, then replay",
  FIELD_CUSTOM_VALIDATION_EXCEPTION: 'A validation rule of the org refused it. Correct the record, or exempt the connected user from the rule, then replay',
  FIELD_FILTER_VALIDATION_EXCEPTION: 'A lookup filter of the org refused it. Correct the record, or exempt the connected user from the filter, then replay',
  FIELD_INTEGRITY_EXCEPTION: 'A rule of the object refused it. Correct the record or the mapping, then replay',
  REQUIRED_FIELD_MISSING: 'The org requires a field that is empty. Fill it on the record or in the mapping, then replay',
  DUPLICATE_VALUE: 'Another record already has this value, which must be unique. Correct one of them, then replay',
  DUPLICATES_DETECTED: 'A duplicate rule of the org refused it. Merge the records, or let the connected user save duplicates, then replay',
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: 'The picklist does not have this value, or the record type does not allow it. Add the value, or correct the mapping, then replay',
  STRING_TOO_LONG: 'The value is longer than the field. Shorten it in the mapping, then replay',
  STORAGE_LIMIT_EXCEEDED: "The org's storage is full. Free some, or buy more, then replay",
  API_DISABLED_FOR_ORG: "The org's edition has no access to the API. Ask Salesforce to enable it; Professional Edition needs it as an extra",
  API_CURRENTLY_DISABLED: 'The connected user may not use the API. Give it the permission API Enabled, which the permission set Countersign Integration carries',
  FUNCTIONALITY_NOT_ENABLED: 'The org has this feature turned off. Turn it on in Setup, or take it out of the mapping',
};

/** What whoever runs the org can do about a refusal: a sentence without its full stop. */
export function adviceFor(code: string): string {
  return entryOf(WHAT_TO_DO, code) ?? 'Salesforce refused the request. Correct the record or the mapping, then replay';
}
