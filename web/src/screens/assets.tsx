import { Link } from "wouter";
import type { Query } from "../api/client.ts";
import { useList } from "../api/queries.ts";
import type { Asset, AssetKind } from "../api/types.ts";
import { Filter, SearchFilter } from "../app/filter.tsx";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { t, tValue } from "../i18n/index.ts";
import { Choice, Segmented, Time } from "../kit/controls.tsx";
import { ASSET_ICON, Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable, type Sorting } from "../kit/table.tsx";
import { factOf, hrefOf, summaryOf, textOf } from "../logic/asset.ts";
import { bytes, points, shortIds } from "../logic/format.ts";
import { GraphPanel } from "./asset_graph.tsx";
import { AssetPackages } from "./asset_packages.tsx";

const KINDS: AssetKind[] = ["host", "container", "pod", "process", "port", "package", "user", "volume", "network"];

/** What lists show of each kind beside its name: members of its summary. */
const FACTS: Partial<Record<AssetKind, string[]>> = {
	host: ["os", "kernel", "address"],
	container: ["state", "user"],
	pod: ["namespace", "owner"],
	process: ["exe", "pid", "user"],
	port: ["address", "port", "protocol"],
	user: ["uid", "shell", "container"],
	volume: ["driver", "mountpoint"],
	network: ["driver", "subnet"],
};

/** Numbers among them say what they are. */
function factWord(name: string, value: unknown): string {
	const word = factOf(name, value);
	if (name === "container") return word === "host" ? "" : shortIds(word);
	return word && (name === "pid" || name === "uid") ? `${name} ${word}` : word;
}

function factText(asset: Asset): string {
	const summary = (asset.summary ?? {}) as Record<string, unknown>;
	const wanted = FACTS[asset.kind] ?? [];
	const shown = [asset.image ?? "", asset.namespace ?? "", ...wanted.map((name) => factWord(name, summary[name]))].filter(Boolean);
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
				{shortIds(asset.name || asset.id)}
			</Link>
			{summaryOf(asset, "privileged") === "true" && <span className="badge tone-high">{t("power.privileged")}</span>}
			{asset.gone && <span className="badge tone-neutral">{t("assets.gone")}</span>}
		</span>
	);
}

function AssetTable({ query, kind, sorting }: { query: Query; kind: string; sorting: Sorting }) {
	// Of all kinds, hosts, containers and images come first: by name, processes with a digit would.
	const asItComes = kind ? "name" : "kind";
	const list = useList<Asset>("/assets", { ...query, sort: sorting.by || asItComes });
	const columns: Column<Asset>[] = [
		{ key: "name", head: t("assets.name"), width: "minmax(220px, 1.6fr)", sort: kind ? "-name" : "name", cell: (asset) => <AssetName asset={asset} /> },
		...(kind ? [] : [{ key: "kind", head: t("assets.kind"), width: "92px", sort: "-kind", cell: (asset: Asset) => tValue("kind", asset.kind) }]),
		{ key: "facts", head: t("assets.facts"), width: "minmax(200px, 2fr)", cell: (asset) => <span className="muted">{factText(asset)}</span> },
		{ key: "host", head: t("assets.host"), width: "minmax(110px, 0.8fr)", cell: (asset) => asset.host ?? asset.agent },
		{ key: "risk", head: t("assets.risk"), width: "64px", end: true, sort: "-risk", cell: (asset) => (asset.risk != null ? points(asset.risk) : "–") },
		{ key: "first", head: t("assets.firstSeen"), width: "104px", end: true, sort: "-firstSeen", cell: (asset) => <Time at={asset.firstSeen} /> },
		{ key: "last", head: t("assets.lastSeen"), width: "104px", end: true, sort: "-lastSeen", cell: (asset) => <Time at={asset.gone ?? asset.lastSeen} /> },
	];
	const filtered = !!query.q || !!query.kind;
	return (
		<ListTable
			label={t("nav.assets")}
			list={list}
			columns={columns}
			sorting={sorting}
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

const GRAPH_KINDS = ["host", "pod", "container", "image"];

export default function AssetsPage() {
	const url = useUrl();
	const kind = url.one("kind");
	const state = url.one("state") || "present";
	const graph = url.one("view") === "graph";
	const mayImages = useMay("images.read");
	const packages = kind === "package";
	return (
		<div className="page fixed">
			<PageHead title={t("nav.assets")}>
				<SavedViews />
				<Segmented
					label={t("assets.view")}
					value={graph ? "graph" : "table"}
					options={[
						["table", t("assets.asTable")],
						["graph", t("assets.asGraph")],
					]}
					onChange={(view) => url.change({ view: view === "graph" ? "graph" : null, as: null, findings: null, cluster: null, namespace: null, agent: null, image: null, skip: null })}
				/>
			</PageHead>
			{!graph && (
				<>
					<div className="toolbar">
						<SearchFilter label={t(packages ? "image.searchPackages" : "assets.search")} />
						<Filter
							name="kind"
							label={t("assets.kind")}
							options={[["", t("assets.allKinds")], ...KINDS.filter((each) => each !== "package" || mayImages).map((each) => [each, tValue("kinds", each)] as [string, string])]}
						/>
						{!packages && (
							<Choice
								label={t("assets.presence")}
								value={state}
								options={(["present", "gone", "all"] as const).map((each) => [each, tValue("presence", each)])}
								onChange={(next) => url.change({ state: next === "present" ? null : next })}
							/>
						)}
					</div>
					{packages ? (
						<AssetPackages q={url.one("q")} />
					) : (
						<AssetTable kind={kind} sorting={url.sorting} query={{ q: url.one("q"), kind: kind ? [kind] : undefined, state, agent: url.one("agent") }} />
					)}
				</>
			)}
			{graph && <GraphPanel depth={3} kinds={GRAPH_KINDS} />}
		</div>
	);
}
