/** What is wrong with one record or one request, in Salesforce's words. */
export interface Fault {
  code: string;
  message: string;
  fields: string[];
}
export const fault = (code: string, message: string, fields: string[] = []): Fault => ({ code, message, fields });

/** Ends a whole request. */
export class ApiFault extends Error {
  readonly status: number;
  readonly faults: Fault[];
  constructor(status: number, ...faults: Fault[]) {
    super(faults[0]?.message ?? '');
    this.status = status;
    this.faults = faults;
  }
}

export const notFound = (): ApiFault => new ApiFault(404, fault('NOT_FOUND', 'The requested resource does not exist'));
export const malformedJson = (message: string): ApiFault => new ApiFault(400, fault('JSON_PARSER_ERROR', message));
export const invalidType = (name: string): Fault =>
  fault(
    'INVALID_TYPE',
    `sObject type '${name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  );

/** How a single-record request answers a fault of the record; most are 400. */
export function statusOf(code: string): number {
  if (code === 'ENTITY_IS_DELETED' || code === 'NOT_FOUND') return 404;
  if (code.startsWith('INSUFFICIENT_ACCESS')) return 403;
  return 400;
}
