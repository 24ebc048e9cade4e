import { useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Query } from "../api/client.ts";
import { useAnswer, useList } from "../api/queries.ts";
import type { Asset, AssetKind, Graph } from "../api/types.ts";
import { Filter, SearchFilter } from "../app/filter.tsx";
import { PageHead } from "../app/shell.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Choice, Segmented, Time } from "../kit/controls.tsx";
import { Icon } from "../kit/icons.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { ASSET_ICON, hrefOf, summaryOf, textOf } from "../logic/asset.ts";
import { bytes } from "../logic/format.ts";
import { NODE_HEIGHT, NODE_WIDTH, layoutGraph } from "../logic/graph_layout.ts";
import "./assets.css";

const KINDS: AssetKind[] = ["host", "container", "pod", "process", "port", "package", "user", "volume", "network"];

/** What lists show of each kind beside its name: members of its summary. */
const FACTS: Partial<Record<AssetKind, string[]>> = {
	host: ["os", "kernel", "address"],
	container: ["state", "user"],
	pod: ["namespace", "owner"],
	process: ["exe", "pid", "user"],
	port: ["address", "port", "protocol"],
	package: ["version", "kind"],
	user: ["uid", "shell"],
	volume: ["driver", "mountpoint"],
	network: ["driver", "subnet"],
};

function factText(asset: Asset): string {
	const summary = (asset.summary ?? {}) as Record<string, unknown>;
	const wanted = FACTS[asset.kind] ?? [];
	const shown = [asset.image ?? "", asset.namespace ?? "", ...wanted.map((name) => textOf(summary[name]))].filter(Boolean);
	if (asset.kind === "image" && typeof summary.bytes === "number") return bytes(summary.bytes);
	if (shown.length > 0) return shown.join(" · ");
	return Object.values(summary)
		.filter((value) => typeof value === "string" || typeof value === "number")
		.slice(0, 3)
		.map(textOf)
		.join(" · ");
}

export function AssetName({ asset }: { asset: Asset }) {
	return (
		<span className="row">
			<span className="muted">
				<Icon name={ASSET_ICON[asset.kind] ?? "assets"} />
			</span>
			<Link href={hrefOf(asset.kind, asset.id)} tabIndex={-1} className="link-strong clip">
				{asset.name || asset.id}
			</Link>
			{summaryOf(asset, "privileged") === "true" && <span className="badge tone-high">{t("power.privileged")}</span>}
			{asset.gone && <span className="badge tone-neutral">{t("assets.gone")}</span>}
		</span>
	);
}

function AssetTable({ query, kind }: { query: Query; kind: string }) {
	const list = useList<Asset>("/assets", query);
	const columns: Column<Asset>[] = [
		{ key: "name", head: t("assets.name"), width: "minmax(220px, 1.6fr)", cell: (asset) => <AssetName asset={asset} /> },
		...(kind ? [] : [{ key: "kind", head: t("assets.kind"), width: "92px", cell: (asset: Asset) => tValue("kind", asset.kind) }]),
		{ key: "facts", head: t("assets.facts"), width: "minmax(200px, 2fr)", cell: (asset) => <span className="muted">{factText(asset)}</span> },
		{ key: "host", head: t("assets.host"), width: "minmax(110px, 0.8fr)", cell: (asset) => asset.host ?? asset.agent },
		{ key: "first", head: t("assets.firstSeen"), width: "104px", end: true, cell: (asset) => <Time at={asset.firstSeen} /> },
		{ key: "last", head: t("assets.lastSeen"), width: "104px", end: true, cell: (asset) => <Time at={asset.gone ?? asset.lastSeen} /> },
	];
	const filtered = !!query.q || !!query.kind;
	return (
		<ListTable
			label={t("nav.assets")}
			list={list}
			columns={columns}
			rowKey={(asset) => asset.id}
			href={(asset) => hrefOf(asset.kind, asset.id)}
			empty={
				filtered ? (
					<Empty icon="search" title={t("assets.noMatch")} text={t("assets.noMatchText")} />
				) : (
					<Empty icon="assets" title={t("assets.none")} text={t("assets.noneText")}>
						<Link href="/agents?enrol=1" className="button">
							{t("agents.enrol")}
						</Link>
					</Empty>
				)
			}
		/>
	);
}

export function GraphView({ graph, root }: { graph: Graph; root?: string }) {
	const layout = useMemo(() => layoutGraph(graph), [graph]);
	const [over, setOver] = useState<string | null>(null);
	const [, navigate] = useLocation();
	const near = useMemo(() => {
		if (!over) return null;
		const ids = new Set([over]);
		for (const { from, to } of graph.edges) {
			if (from === over) ids.add(to);
			if (to === over) ids.add(from);
		}
		return ids;
	}, [over, graph]);
	if (layout.nodes.length === 0) return <Empty icon="network" title={t("assets.noGraph")} text={t("assets.noGraphText")} />;
	return (
		<div className="graph panel" tabIndex={0} role="group" aria-label={t("assets.graph")}>
			<svg width={layout.width} height={layout.height}>
				<g fill="none">
					{layout.edges.map(({ from, to, kind }, index) => {
						const x1 = from.x + NODE_WIDTH;
						const y1 = from.y + NODE_HEIGHT / 2;
						const x2 = to.x;
						const y2 = to.y + NODE_HEIGHT / 2;
						const bend = Math.max(24, (x2 - x1) / 2);
						const lit = over !== null && (from.asset.id === over || to.asset.id === over);
						return (
							<path key={index} d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} className={`graph-edge${lit ? " lit" : ""}${over && !lit ? " dim" : ""}`}>
								<title>{tValue("relation", kind)}</title>
							</path>
						);
					})}
				</g>
				{layout.nodes.map(({ asset, x, y }) => (
					<foreignObject key={asset.id} x={x} y={y} width={NODE_WIDTH} height={NODE_HEIGHT}>
						<a
							href={hrefOf(asset.kind, asset.id)}
							className={`graph-node${asset.id === root ? " root" : ""}${near && !near.has(asset.id) ? " dim" : ""}`}
							title={`${tValue("kind", asset.kind)} · ${asset.name}`}
							onMouseEnter={() => setOver(asset.id)}
							onMouseLeave={() => setOver(null)}
							onFocus={() => setOver(asset.id)}
							onBlur={() => setOver(null)}
							onClick={(event) => {
								if (event.ctrlKey || event.metaKey || event.shiftKey) return;
								event.preventDefault();
								navigate(hrefOf(asset.kind, asset.id));
							}}
						>
							<Icon name={ASSET_ICON[asset.kind] ?? "assets"} />
							<span className="clip">{asset.name || asset.id}</span>
						</a>
					</foreignObject>
				))}
			</svg>
		</div>
	);
}

const GRAPH_KINDS = ["host", "pod", "container", "image"];

function GraphPage() {
	const graph = useAnswer<Graph>("/assets/graph", { depth: 3, kind: GRAPH_KINDS });
	return (
		<Answered query={graph}>
			{(data) => (
				<>
					{data.cut && <p className="small muted">{t("assets.cut", { n: data.nodes.length })}</p>}
					<GraphView graph={data} />
				</>
			)}
		</Answered>
	);
}

export default function AssetsPage() {
	const url = useUrl();
	const kind = url.one("kind");
	const state = url.one("state") || "present";
	const graph = url.one("view") === "graph";
	return (
		<div className="page fixed">
			<PageHead title={t("nav.assets")}>
				<Segmented
					label={t("assets.view")}
					value={graph ? "graph" : "table"}
					options={[
						["table", t("assets.asTable")],
						["graph", t("assets.asGraph")],
					]}
					onChange={(view) => url.change({ view: view === "graph" ? "graph" : null })}
				/>
			</PageHead>
			{!graph && (
				<>
					<div className="toolbar">
						<SearchFilter label={t("assets.search")} />
						<Filter
							name="kind"
							label={t("assets.kind")}
							options={[["", t("assets.allKinds")], ...KINDS.map((each) => [each, tValue("kinds", each)] as [string, string])]}
						/>
						<Choice
							label={t("assets.presence")}
							value={state}
							options={(["present", "gone", "all"] as const).map((each) => [each, tValue("presence", each)])}
							onChange={(next) => url.change({ state: next === "present" ? null : next })}
						/>
					</div>
					<AssetTable kind={kind} query={{ q: url.one("q"), kind: kind ? [kind] : undefined, state, agent: url.one("agent") }} />
				</>
			)}
			{graph && <GraphPage />}
		</div>
	);
}
