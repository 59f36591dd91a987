import { audited } from '#flow/desk/audit';
import type { Desk } from '#flow/desk';
import type { Flow } from '#flow/flow';
import { proofOf } from '#flow/proof/bundle';

/** Who takes a proof away takes personal data away: the audit ledger says so. */
export function createProofDesk(flow: Flow): Pick<Desk, 'exportProof'> {
  return {
    async exportProof(tenant, person, by) {
      const files = await proofOf(flow, tenant, person);
      await audited(flow, tenant, { by, action: 'consent.exported', subject: person, detail: { files: files.length } });
      return files;
    },
  };
}
