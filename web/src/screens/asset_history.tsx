import type { AssetDetail } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { Panel, Time } from "../kit/controls.tsx";
import { SmallTable } from "../kit/table.tsx";
import { AssetName } from "./assets.tsx";

/** When an asset was there, and what it belonged to then. */
export function AssetHistory({ detail }: { detail: AssetDetail }) {
	const { periods, past } = detail;
	if (periods.length < 2 && past.length === 0) return null;
	return (
		<Panel title={t("asset.history")} flush>
			{periods.length > 1 && (
				<SmallTable
					label={t("asset.periods")}
					rows={periods}
					rowKey={(period) => period.from}
					columns={[
						{ key: "from", head: t("asset.from"), width: "minmax(120px, 1fr)", cell: (period) => <Time at={period.from} /> },
						{ key: "to", head: t("asset.to"), width: "minmax(120px, 1fr)", cell: (period) => (period.to ? <Time at={period.to} /> : t("asset.still")) },
					]}
				/>
			)}
			{past.length > 0 && (
				<SmallTable
					label={t("asset.past")}
					rows={past}
					rowKey={(one) => `${one.kind}/${one.direction}/${one.asset.id}`}
					columns={[
						{ key: "how", head: t("asset.how"), width: "120px", cell: (one) => <span className="muted">{tValue(`relation.${one.direction}`, one.kind)}</span> },
						{ key: "what", head: t("assets.name"), width: "minmax(180px, 1fr)", card: "title", cell: (one) => <AssetName asset={one.asset} /> },
						{ key: "from", head: t("asset.from"), width: "104px", cell: (one) => <Time at={one.from} /> },
						{ key: "to", head: t("asset.to"), width: "104px", cell: (one) => <Time at={one.to} /> },
					]}
				/>
			)}
		</Panel>
	);
}
