import { Link } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { AssetDetail } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Facts, Labels, Panel, RawDocument, Tabs, Time } from "../kit/controls.tsx";
import { Factors } from "../kit/factors.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Counts } from "../kit/severity.tsx";
import { Answered } from "../kit/states.tsx";
import { SmallTable } from "../kit/table.tsx";
import { factOf } from "../logic/asset.ts";
import { points, shortIds } from "../logic/format.ts";
import { AssetFlows } from "./asset_flows.tsx";
import { GraphPanel } from "./asset_graph.tsx";
import { AssetHistory } from "./asset_history.tsx";
import { AssetName } from "./assets.tsx";

function plainFacts(doc: unknown): [string, string][] {
	if (!doc || typeof doc !== "object") return [];
	return Object.entries(doc as Record<string, unknown>)
		.filter(([, value]) => value !== null && (typeof value !== "object" || (Array.isArray(value) && value.every((each) => typeof each !== "object"))))
		.map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : factOf(name, value)]);
}

/** Members of the document that stand above the others already. */
const SAID = new Set(["image", "imageRepository", "imageTag", "podNamespace", "cluster", "metadataKnown", "cgroupId"]);

function Details({ detail }: { detail: AssetDetail }) {
	const { asset } = detail;
	const labels = Object.entries(asset.labels ?? {});
	return (
		<div className="split">
			<div className="stack wide">
				<Panel title={t("asset.relations", { n: detail.relations.length })} flush>
					<SmallTable
						label={t("asset.relations", { n: detail.relations.length })}
						rows={detail.relations}
						rowKey={(relation) => `${relation.kind}/${relation.direction}/${relation.asset.id}`}
						columns={[
							{ key: "how", head: t("asset.how"), width: "120px", cell: (relation) => <span className="muted">{tValue(`relation.${relation.direction}`, relation.kind)}</span> },
							{ key: "what", head: t("assets.name"), width: "minmax(180px, 1fr)", card: "title", cell: (relation) => <AssetName asset={relation.asset} /> },
							{ key: "kind", head: t("assets.kind"), width: "100px", cell: (relation) => tValue("kind", relation.asset.kind) },
						]}
						empty={
							<div className="body">
								<p className="small muted">{t("asset.noRelations")}</p>
							</div>
						}
					/>
				</Panel>
				<AssetHistory detail={detail} />
				<RawDocument title={t("asset.raw")} doc={detail.doc} />
			</div>
			<div className="stack wide">
				<Panel title={t("asset.facts")}>
					<Facts
						facts={[
							[t("assets.host"), asset.host ?? asset.agent],
							[t("fact.image"), asset.image],
							[t("fact.podNamespace"), asset.namespace],
							[t("facet.cluster"), asset.cluster],
							[t("assets.firstSeen"), <Time key="first" at={asset.firstSeen} />],
							[t("assets.lastSeen"), <Time key="last" at={asset.lastSeen} />],
							[t("assets.gone"), asset.gone && <Time key="gone" at={asset.gone} />],
							...plainFacts(detail.doc).filter(([name]) => !SAID.has(name)).slice(0, 24).map(([name, value]): [string, string] => [tValue("fact", name), value]),
						]}
					/>
				</Panel>
				{labels.length > 0 && (
					<Panel title={t("asset.labels")}>
						<Labels labels={labels} />
					</Panel>
				)}
				{detail.risk && (
					<Panel title={t("risk.of", { score: points(detail.risk.score) })}>
						<Factors factors={detail.risk.factors} />
					</Panel>
				)}
			</div>
		</div>
	);
}

function alertFilter(detail: AssetDetail): string {
	const { asset } = detail;
	const bare = asset.id.slice(asset.kind.length + 1);
	return asset.kind === "host" ? `host=${encodeURIComponent(asset.name)}` : `container=${encodeURIComponent(bare)}`;
}

function Body({ detail, id }: { detail: AssetDetail; id: string }) {
	const url = useUrl();
	const tab = url.one("tab") || "details";
	const { asset } = detail;
	const mayAlerts = useMay("alerts.read");
	const base = `/assets/${encodeURIComponent(id)}`;
	const image = asset.imageDigest;
	const talks = asset.kind === "host" || asset.kind === "container";
	return (
		<>
			<PageHead
				title={shortIds(asset.name || asset.id)}
				back={{ href: `/assets?kind=${asset.kind}`, text: tValue("kinds", asset.kind) }}
				before={asset.gone ? <span className="badge tone-neutral">{t("assets.gone")}</span> : undefined}
			>
				{(asset.kind === "host" || asset.kind === "container") && mayAlerts && (
					<Link className="button" href={`/alerts?${alertFilter(detail)}&span=24h`}>
						{t("asset.alerts", { n: detail.alerts24h })}
					</Link>
				)}
				{image && (
					<Link className="button" href={`/images/${encodeURIComponent(image)}`}>
						{t("kind.image")}
					</Link>
				)}
			</PageHead>
			{detail.findings && <Counts counts={detail.findings} none={t("finding.noneKnown")} />}
			<Tabs
				label={t("asset.tabs")}
				current={tab}
				tabs={[
					{ key: "details", text: t("asset.details"), href: base },
					...(talks ? [{ key: "flows", text: t("asset.flows"), href: `${base}?tab=flows` }] : []),
					{ key: "graph", text: t("assets.asGraph"), href: `${base}?tab=graph` },
				]}
			/>
			{tab === "graph" ? <GraphPanel root={id} depth={2} /> : tab === "flows" && talks ? <AssetFlows id={id} /> : <Details detail={detail} />}
		</>
	);
}

export default function AssetPage({ params }: { params: Record<string, string | undefined> }) {
	const id = decodeURIComponent(params.id ?? "");
	const detail = useAnswer<AssetDetail>(`/assets/${encodeURIComponent(id)}`);
	return (
		<div className="page">
			<Answered query={detail}>{(data) => <Body detail={data} id={id} />}</Answered>
		</div>
	);
}
