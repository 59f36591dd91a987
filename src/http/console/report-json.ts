import { plainMoney } from '#core/money';
import type { Report } from '#core/report';
import type { ReportAsk } from '#core/report-ask';
import type { ReportBasis } from '#store/view';

/** A report for machines. Values are decimal texts beside whole numbers of the smallest unit. */
export function reportJson(ask: ReportAsk, { rows, total, stops }: Report, { frozen, corrections, head, cut }: ReportBasis): object {
  const open = <Row extends Report['total']>(row: Row) => ({ ...row, value: row.value.map((money) => ({ ...money, amount: plainMoney(money) })) });
  return {
    by: ask.by,
    model: ask.model,
    from: new Date(ask.from).toISOString(),
    to: new Date(ask.to).toISOString(),
    rows: rows.map(open),
    total: open(total),
    stops,
    basis: { ledger: 'attributions', frozen, corrections, ...head, cut },
  };
}
