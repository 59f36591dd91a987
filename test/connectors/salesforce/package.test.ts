import { describe, expect, it } from 'vitest';
import { check, packageFiles, specsAtHand, textOf } from './package/files.ts';

/** The faults after one file was changed, or taken away. */
function faultsWith(path: string, change: (text: string) => string | undefined): string[] {
  const text = textOf(path);
  const next = change(text);
  if (next === text) throw new Error(`nothing was changed in ${path}`);
  const files = new Map(packageFiles);
  if (next === undefined) files.delete(path);
  else files.set(path, next);
  return check(files).faults;
}
const swap = (from: string, to: string) => (text: string) => text.replace(from, to);

describe('the package', () => {
  it('is as the Metadata API has it, and all that it names is there', () => {
    const { faults, checked, full } = check();
    expect(faults).toEqual([]);
    expect(checked).toBeGreaterThan(100);
    expect(full).toBe(specsAtHand);
  });

  it('holds no secret, no key and no host of anybody', () => {
    const all = [...packageFiles.values()].join('\n');
    expect(all).not.toMatch(/<consumer(Key|Secret)>|<certificate>/);
    const hosts = [...all.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host);
    expect(new Set(hosts)).toEqual(new Set(['soap.sforce.com', 'countersign.example.com']));
  });

  it('asks for the strictest that partners are held to: PKCE, a secret, rotation, an end to idle tokens', () => {
    const global = textOf('extlClntAppGlobalOauthSets/Countersign_Global_OAuth.ecaGlblOauth-meta.xml');
    for (const name of ['isPkceRequired', 'isRefreshTokenRotationEnabled', 'isSecretRequiredForRefreshToken']) expect(global).toContain(`<${name}>true</${name}>`);
    expect(global).toContain('<isConsumerSecretOptional>false</isConsumerSecretOptional>');
    const policies = textOf('extlClntAppOauthPolicies/Countersign_OAuth_Policies.ecaOauthPlcy-meta.xml');
    expect(policies.replace(/\s+/g, '')).toContain(
      '<refreshTokenPolicyType>SpecificInactivity</refreshTokenPolicyType><refreshTokenValidityPeriod>30</refreshTokenValidityPeriod><refreshTokenValidityUnit>Days</refreshTokenValidityUnit>',
    );
    expect(textOf('extlClntAppOauthSettings/Countersign_OAuth.ecaOauth-meta.xml')).toContain('>Api, RefreshToken, OpenID<');
  });
});

describe('the checks', () => {
  const field = 'objects/Envelope__c/fields/Template__c.field-meta.xml';
  const set = 'permissionsets/Countersign_Sender.permissionset-meta.xml';
  const flow = 'flows/Countersign_Send_on_Stage.flow-meta.xml';
  const page = 'flexipages/Countersign_Opportunity_Record_Page.flexipage-meta.xml';
  const script = 'lwc/sendForSignature/sendForSignature.js';

  it.each<[string, string, (text: string) => string | undefined, RegExp]>([
    ['a file that is not well-formed', field, swap('</label>', '</lable>'), /Template__c.*unexpected close tag|Template__c.*:\d+/],
    ['a document type', field, swap('<CustomField', '<!DOCTYPE a [<!ENTITY b "c">]>\n<CustomField'), /document type/],
    ['another namespace', field, swap('2006/04/metadata', '2006/04/other'), /the namespace is/],
    ['a file in the wrong place', field, swap('CustomField xmlns', 'CustomTab xmlns'), /Template__c/],
    ['a file under another name', field, swap('<fullName>Template__c', '<fullName>Templat__c'), /calls itself Templat__c/],
    ['a field that others need', field, () => undefined, /lacks Template__c/],
    ['a field of another length', field, swap('<length>255', '<length>80'), /Text\(80\), and Text\(255\) is agreed/],
    ['a status that is not agreed', 'objects/Envelope__c/fields/Status__c.field-meta.xml', swap('<fullName>voided<', '<fullName>cancelled<'), /"[^"]*cancelled/],
    ['a lookup to nowhere', 'objects/Consent_Record__c/fields/Envelope__c.field-meta.xml', swap('<referenceTo>Envelope__c', '<referenceTo>Envelop__c'), /no object Envelop__c/],
    [
      'a field that nobody may see',
      set,
      (text) => text.replace(/<fieldPermissions>\s*<editable>false<\/editable>\s*<field>Envelope__c\.Url__c[\s\S]*?<\/fieldPermissions>/, ''),
      /Envelope__c\.Url__c is left out/,
    ],
    ['access to a required field', set, swap('<field>Envelope_Recipient__c.Role__c', '<field>Envelope_Recipient__c.Envelope__c'), /Envelope_Recipient__c\.Envelope__c is required/],
    [
      'a right that hangs in the air',
      set,
      swap('<allowEdit>false</allowEdit>\n        <allowRead>true', '<allowEdit>true</allowEdit>\n        <allowRead>false'),
      /allowEdit without allowRead/,
    ],
    ['a class that is not there', set, swap('<apexClass>CountersignController', '<apexClass>CountersignControler'), /no class CountersignControler/],
    ['a principal that is not there', set, swap('Countersign-Server', 'Countersign-Sever'), /no principal Countersign-Sever/],
    [
      'a list of two pieces',
      set,
      (text) => text.replace('<hasActivationRequired>', '<classAccesses><apexClass>CountersignApi</apexClass><enabled>true</enabled></classAccesses><hasActivationRequired>'),
      /stands apart/,
    ],
    ['a field that the layout puts nowhere', 'layouts/Envelope__c-Envelope Layout.layout-meta.xml', swap('<field>Rule__c', '<field>Rules__c'), /no field Rules__c/],
    ['a filter on a value that never is', 'objects/Envelope__c/listViews/Ended_unsigned.listView-meta.xml', swap('declined,voided', 'declined,void'), /never void/],
    ['a component that is not there', page, swap('>envelopeStatus<', '>envelopesStatus<'), /no component envelopesStatus/],
    ['an action that is not there', page, swap('Opportunity.Send_for_signature', 'Opportunity.Send'), /no action Opportunity\.Send/],
    ['a facet that is not there', page, swap('<value>maintabs', '<value>tabs'), /no facet tabs/],
    ['an input that the action does not take', flow, swap('<name>opportunityId', '<name>dealId'), /takes no dealId/],
    ['an action that cannot be invoked', flow, swap('<actionName>CountersignSendAction', '<actionName>CountersignApi'), /CountersignApi cannot be invoked/],
    ['an example that is switched on', flow, swap('>Draft<', '>Active<'), /must not be active/],
    ['a method that a component may not call', script, swap('CountersignController.card', 'CountersignController.cards'), /CountersignController\.cards cannot be called/],
    ['a module that is not there', script, swap("'c/serverMessage'", "'c/serverMessages'"), /no module c\/serverMessages/],
    ['a component without markup', 'lwc/envelopeItem/envelopeItem.html', () => undefined, /a component has markup/],
    [
      'a target that does not exist',
      'lwc/envelopeStatus/envelopeStatus.js-meta.xml',
      swap('<target>lightning__RecordPage', '<target>lightning__Record'),
      /no target lightning__Record/,
    ],
    ['a class without its description', 'classes/CountersignMock.cls-meta.xml', () => undefined, /CountersignMock\.cls-meta\.xml is missing/],
    ['a field that Apex made up', 'classes/CountersignEnvelopes.cls', swap('Envelope__c.Url__c', 'Envelope__c.Link__c'), /there is no Link__c/],
  ])('see %s', (_, path, change, fault) => {
    expect(faultsWith(path, change)).toContainEqual(expect.stringMatching(fault));
  });

  it('hold elements and words against the vendor where its contract is at hand', () => {
    const odd = faultsWith('namedCredentials/Countersign.namedCredential-meta.xml', swap('SecuredEndpoint', 'SecureEndpoint'));
    const unknown = faultsWith(field, swap('<unique>false</unique>', '<isUnique>false</isUnique>'));
    const inLayout = faultsWith('layouts/Envelope__c-Envelope Layout.layout-meta.xml', swap('<style>OneColumn', '<style>SingleColumn'));
    expect(inLayout).toContainEqual(expect.stringMatching(/"SingleColumn"/));
    expect(odd.some((fault) => fault.includes('"SecureEndpoint"'))).toBe(specsAtHand);
    expect(unknown.some((fault) => fault.includes('<isUnique> is not a part of CustomField'))).toBe(specsAtHand);
  });
});
