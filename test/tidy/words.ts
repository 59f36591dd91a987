import ts from 'typescript';
import type { FileRule } from './project.ts';
import { placesOf } from './project.ts';
import { findNodes } from './syntax.ts';

/** Files of `src` that may name a vendor in code, each with its reason. Everywhere else a vendor is a value. */
export const MAY_NAME_VENDORS: Readonly<Record<string, string>> = {
  'src/vendors.ts': 'names the connectors that ship, with their registrations',
  'src/config.ts': 'each vendor has its variables in the environment',
  'src/sandbox-world.ts': 'puts the vendors that are played on one stage',
  'src/cli/tour.ts': 'the tour plays on one CRM or another',
  'src/cli/tour-crm.ts': 'the tour plays on one CRM or another',
  'src/cli/tour-hubspot.ts': 'the tour visits this vendor',
  'src/cli/tour-salesforce.ts': 'the tour visits this vendor',
  'src/cli/tour-story.ts': 'the tour visits those vendors',
  'src/cli/tour-steps.ts': 'the tour visits those vendors',
  'src/cli/tour-consent.ts': 'the tour visits those vendors',
  'src/cli/tour-consent-mappings.ts': 'the tour plays on one CRM or another',
};
const VENDORS = /hubspot|docusign|salesforce|dropbox.?sign|documenso|pandadoc/i;

const hasText = (node: ts.Node): node is ts.Node & { text: string } =>
  ts.isIdentifier(node) ||
  ts.isStringLiteralLike(node) ||
  ts.isTemplateHead(node) ||
  ts.isTemplateMiddleOrTemplateTail(node) ||
  ts.isJsxText(node) ||
  ts.isRegularExpressionLiteral(node);

/** Vendors named by code. A comment may take one as its example. */
export const vendorFaults: FileRule = (source) => (source.path in MAY_NAME_VENDORS ? [] : findNodes(source, (node) => hasText(node) && VENDORS.test(node.text)));

/** A path of somebody's machine. `#work/…` and `src/work/…` are ours, hence what stands in front. */
const MACHINE_PATHS = /(?<![\w#.~$}/-])\/(work|root|home|Users)\/[\w.-]+/g;
/** Hosts of package registries, in pieces, so that this file does not name them. */
const REGISTRIES = new RegExp(['registry\\.npm' + 'js', 'registry\\.yarn' + 'pkg', 'npm\\.pkg\\.github', 'arti' + 'factory', 'verdac' + 'cio'].join('|'), 'gi');
const RESOLVED = /"resolved":/g;

export const machineFaults: FileRule = (source) => placesOf(source, MACHINE_PATHS);
export const registryFaults: FileRule = (source) => [...placesOf(source, REGISTRIES), ...(source.path === 'package-lock.json' ? placesOf(source, RESOLVED) : [])];
