import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { isObject } from '#lib/json';
import { projectRoot } from '#lib/root';
import type { Exchange } from './world.ts';

/**
 * The vendor's own contract, read from beside the checkout. Where it is absent, the checks fall back to short lists of fields and say so: they
 * must never be taken for the real thing.
 */
const folder = join(projectRoot, '../shared/specs');
const swaggerPath = join(folder, 'docusign-esignature-v2.1.swagger.json');
const connectPath = join(folder, 'docusign-connect.schema.json');
export const specsAtHand = existsSync(swaggerPath) && existsSync(connectPath);
if (!specsAtHand) console.warn(`\n*** THE VENDOR'S CONTRACT IS NOT AT HAND (${folder}): DocuSign messages are checked against short field lists only. ***\n`);

interface Rule {
  method: string;
  path: RegExp;
  asks?: string;
  /** Null where the answer is a file. */
  answers: string | null;
  /** Fields that must be there, whether the contract is at hand or not. */
  fields: string[];
}
const RULES: Rule[] = [
  { method: 'POST', path: /^\/envelopes$/, asks: 'envelopeDefinition', answers: 'envelopeSummary', fields: ['envelopeId', 'status', 'uri', 'statusDateTime'] },
  { method: 'GET', path: /^\/envelopes$/, answers: 'envelopesInformation', fields: ['resultSetSize', 'totalSetSize', 'envelopes'] },
  { method: 'PUT', path: /^\/envelopes\/status$/, asks: 'envelopeIdsRequest', answers: 'envelopesInformation', fields: ['envelopes'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+$/, answers: 'envelope', fields: ['envelopeId', 'status', 'statusChangedDateTime'] },
  { method: 'PUT', path: /^\/envelopes\/[^/]+$/, asks: 'envelope', answers: 'envelopeUpdateSummary', fields: ['envelopeId'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/recipients$/, answers: 'recipients', fields: ['signers', 'recipientCount'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/custom_fields$/, answers: 'customFieldsEnvelope', fields: ['textCustomFields'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/audit_events$/, answers: 'envelopeAuditEventResponse', fields: ['auditEvents'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/notification$/, answers: 'notification', fields: ['reminders', 'expirations'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/form_data$/, answers: 'envelopeFormData', fields: ['envelopeId', 'formData', 'recipientFormData'] },
  { method: 'GET', path: /^\/envelopes\/[^/]+\/documents\/combined$/, answers: null, fields: [] },
  { method: 'POST', path: /^\/envelopes\/[^/]+\/views\/recipient$/, asks: 'recipientViewRequest', answers: 'viewUrl', fields: ['url'] },
  { method: 'GET', path: /^\/templates$/, answers: 'envelopeTemplateResults', fields: ['envelopeTemplates'] },
  { method: 'GET', path: /^\/templates\/[^/]+$/, answers: 'envelopeTemplate', fields: ['templateId', 'name', 'recipients'] },
  { method: 'PUT', path: /^\/folders\/recyclebin$/, asks: 'foldersRequest', answers: 'foldersResponse', fields: [] },
];
/** Members that the vendor takes today and that the stored contract (2022) does not know yet. */
const NEWER = [['eventNotification', 'integratorManaged']] as const;

const validators = new Map<string, ValidateFunction>();
const ajv = specsAtHand ? readContract() : null;

/** The contract with every object closed: a member that the vendor does not know is a fault, not a courtesy. */
function readContract(): Ajv {
  const swagger = JSON.parse(readFileSync(swaggerPath, 'utf8')) as { definitions: Record<string, { properties?: Record<string, unknown>; additionalProperties?: unknown }> };
  for (const definition of Object.values(swagger.definitions)) if (definition.properties) definition.additionalProperties ??= false;
  for (const [name, member] of NEWER) Object.assign(swagger.definitions[name]?.properties ?? {}, { [member]: { type: 'string' } });
  // The stored contract names a few definitions that it does not hold; nothing is asked of those.
  const named = [...JSON.stringify(swagger).matchAll(/"#\/definitions\/(\w+)"/g)].flatMap(([, name]) => (name ? [name] : []));
  for (const name of named) swagger.definitions[name] ??= {};
  const reader = new Ajv({ strict: false, validateFormats: false, validateSchema: false, inlineRefs: false, allErrors: true });
  return reader.addSchema({ $id: 'docusign', definitions: swagger.definitions });
}

function faultsIn(definition: string, value: unknown): string[] {
  if (!ajv) return [];
  const validate = validators.get(definition) ?? ajv.compile({ $ref: `docusign#/definitions/${definition}` });
  validators.set(definition, validate);
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${definition}${instancePath} ${message ?? ''} ${JSON.stringify(params)}`);
}

/** All that is wrong with a call that went over the wire: our request, and the answer. */
export function faultsOf({ request, status, body }: Exchange): string[] {
  const rule = RULES.find(({ method, path }) => method === request.method && path.test(request.path));
  if (!rule) return [`${request.method} ${request.path} is not a call that the contract has`];
  const asked = rule.asks ? faultsIn(rule.asks, request.json) : [];
  if (status >= 400) return [...asked, ...missing(['errorCode', 'message'], body), ...faultsIn('errorDetails', body)];
  return [...asked, ...(rule.answers === null ? [] : [...missing(rule.fields, body), ...faultsIn(rule.answers, body)])];
}
function missing(fields: string[], body: unknown): string[] {
  return fields.filter((field) => !isObject(body) || body[field] === undefined).map((field) => `the answer lacks ${field}`);
}

const CONNECT_FIELDS = ['event', 'uri', 'retryCount', 'configurationId', 'apiVersion', 'generatedDateTime', 'data'];
/** All that a Connect message has and the vendor's published message has not, or has as something else. */
export function connectFaults(message: unknown): string[] {
  const lacking = missing(CONNECT_FIELDS, message);
  return specsAtHand ? [...lacking, ...differences(message, JSON.parse(readFileSync(connectPath, 'utf8')), '')] : lacking;
}
function differences(value: unknown, sample: unknown, path: string): string[] {
  if (Array.isArray(value))
    return Array.isArray(sample) ? value.flatMap((item) => (sample.length > 0 ? differences(item, sample[0], `${path}[]`) : [])) : [`${path} is no list there`];
  if (!isObject(value)) return typeof value === typeof sample ? [] : [`${path} is ${typeof sample} there`];
  if (!isObject(sample)) return [`${path} is no object there`];
  return Object.entries(value).flatMap(([name, member]) => (name in sample ? differences(member, sample[name], `${path}/${name}`) : [`${path}/${name} is not there`]));
}
