import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { Graph } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Check, Segmented } from "../kit/controls.tsx";
import { Icon, type IconName } from "../kit/icons.tsx";
import { KevBadge, Shape } from "../kit/severity.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { ASSET_ICON, hrefOf } from "../logic/asset.ts";
import { type Item, NODE_HEIGHT, NODE_WIDTH, type Placed, itemsOf, layoutGraph, stepFrom } from "../logic/graph_layout.ts";
import "./asset_graph.css";

const BEYOND_ICON: Record<string, IconName> = { package: "package", vulnerability: "bug", layer: "images", owner: "user", more: "plus" };

function textOf({ kind, name, beyond }: Item): string {
	if (kind === "layer") return tValue("owner", name);
	if (kind === "more") return t("graph.more", { n: beyond?.count ?? 0 });
	return name;
}

function pageOf({ kind, id, name, asset }: Item): string | undefined {
	if (asset) return hrefOf(asset.kind, asset.id);
	if (kind === "vulnerability") return hrefOf(kind, name);
	if (kind === "package") return `/vulnerabilities?q=${encodeURIComponent(name.split(" ", 1)[0]!)}`;
	if (kind === "more") return hrefOf("image", id.replace(/^more:/, ""));
	return undefined;
}

function Mark({ item }: { item: Item }) {
	const severity = item.beyond?.severity;
	if (!severity) return <Icon name={item.asset ? (ASSET_ICON[item.kind] ?? "assets") : (BEYOND_ICON[item.kind] ?? "assets")} />;
	return (
		<span className={`tone-${severity} graph-severity`}>
			<Shape severity={severity} />
			<span className="sr-only">{tValue("severity", severity)}</span>
		</span>
	);
}

/** From the right of one to the left of the other; between two of a column, out to the right and back. */
function curveOf(from: Placed, to: Placed): string {
	const [x1, y1, y2] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2, to.y + NODE_HEIGHT / 2];
	const x2 = from.column === to.column ? x1 : to.x;
	const bend = Math.max(24, (x2 - x1) / 2);
	return `M${x1} ${y1}C${x1 + bend} ${y1} ${from.column === to.column ? x2 + bend : x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The graph drawn: one stop of the Tab key, arrows go along its edges, Enter opens. */
export function GraphView({ graph, root }: { graph: Graph; root?: string }) {
	const stood = useRef<ReadonlyMap<string, number>>(new Map());
	const layout = useMemo(() => layoutGraph(graph, stood.current), [graph]);
	useEffect(() => {
		stood.current = new Map(layout.nodes.map(({ item, y }) => [item.id, y]));
	}, [layout]);
	const [over, setOver] = useState<string | null>(null);
	const [at, setAt] = useState<string | null>(root ?? null);
	const [, navigate] = useLocation();
	const box = useRef<SVGSVGElement>(null);
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
	const current = layout.nodes.some(({ item }) => item.id === at) ? at : layout.nodes[0]!.item.id;
	const keys = (event: KeyboardEvent) => {
		const next = current && stepFrom(layout, current, event.key);
		if (!next) return;
		event.preventDefault();
		setAt(next);
		box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(next)}"]`)?.focus();
	};
	return (
		<div className="graph panel" role="group" aria-label={t("assets.graph")} onKeyDown={keys}>
			<svg ref={box} width={layout.width} height={layout.height}>
				<g fill="none">
					{layout.edges.map(({ from, to, kind }) => {
						const lit = over !== null && (from.item.id === over || to.item.id === over);
						return (
							<path key={`${from.item.id} ${kind} ${to.item.id}`} d={curveOf(from, to)} className={`graph-edge${lit ? " lit" : ""}${over && !lit ? " dim" : ""}`}>
								<title>{tValue("relation", kind)}</title>
							</path>
						);
					})}
				</g>
				{layout.nodes.map(({ item, x, y }) => {
					const href = pageOf(item);
					const text = textOf(item);
					return (
						<foreignObject key={item.id} x={x} y={y} width={NODE_WIDTH} height={NODE_HEIGHT}>
							<a
								href={href}
								data-id={item.id}
								tabIndex={item.id === current ? 0 : -1}
								role={href ? undefined : "note"}
								className={`graph-node is-${item.kind}${item.id === root ? " root" : ""}${near && !near.has(item.id) ? " dim" : ""}`}
								title={`${tValue("kind", item.kind)} · ${text}`}
								onMouseEnter={() => setOver(item.id)}
								onMouseLeave={() => setOver(null)}
								onFocus={() => {
									setAt(item.id);
									setOver(item.id);
								}}
								onBlur={() => setOver(null)}
								onClick={(event) => {
									if (!href || event.ctrlKey || event.metaKey || event.shiftKey) return;
									event.preventDefault();
									navigate(href);
								}}
							>
								<Mark item={item} />
								<span className="clip">{text}</span>
								{item.beyond?.kev && <KevBadge />}
							</a>
						</foreignObject>
					);
				})}
			</svg>
		</div>
	);
}

interface Relation {
	key: string;
	from: Item;
	to: Item;
	kind: string;
}

function ItemCell({ item }: { item: Item }) {
	const href = pageOf(item);
	return (
		<span className="row">
			<Mark item={item} />
			{href ? (
				<Link href={href} tabIndex={-1} className="link-strong clip">
					{textOf(item)}
				</Link>
			) : (
				<span className="clip">{textOf(item)}</span>
			)}
			{item.kind !== "more" && <span className="muted xs">{tValue("kind", item.kind)}</span>}
		</span>
	);
}

/** The same as a table, an edge a row: for those to whom a drawing says nothing. */
function GraphTable({ graph }: { graph: Graph }) {
	const rows = useMemo(() => {
		const items = new Map(itemsOf(graph).map((item) => [item.id, item]));
		return graph.edges.flatMap(({ from, to, kind }): Relation[] => {
			const a = items.get(from);
			const b = items.get(to);
			return a && b ? [{ key: `${from} ${kind} ${to}`, from: a, to: b, kind }] : [];
		});
	}, [graph]);
	const columns: Column<Relation>[] = [
		{ key: "from", head: t("graph.from"), width: "minmax(220px, 1fr)", cell: ({ from }) => <ItemCell item={from} /> },
		{ key: "kind", head: t("graph.relation"), width: "120px", cell: ({ kind }) => <span className="muted">{tValue("relation", kind)}</span> },
		{ key: "to", head: t("graph.to"), width: "minmax(220px, 1fr)", cell: ({ to }) => <ItemCell item={to} /> },
	];
	return (
		<Table
			label={t("assets.graph")}
			columns={columns}
			rows={rows}
			rowKey={(row) => row.key}
			href={(row) => pageOf(row.to) ?? pageOf(row.from) ?? null}
			foot={<span className="num">{t("table.all", { n: rows.length })}</span>}
			empty={<Empty icon="network" title={t("assets.noGraph")} text={t("assets.noGraphText")} />}
		/>
	);
}

/** What belongs to an asset, or to all hosts: drawn or as a table, with what is wrong with images on wish. What is shown stands in the address. */
export function GraphPanel({ root, depth, kinds }: { root?: string; depth: number; kinds?: string[] }) {
	const url = useUrl();
	const mayFindings = useMay("vulnerabilities.read");
	const findings = mayFindings && url.one("findings") === "true";
	const table = url.one("as") === "table";
	const graph = useAnswer<Graph>("/assets/graph", { root, depth, kind: kinds, findings: findings || undefined });
	return (
		<>
			<div className="toolbar">
				<Segmented
					label={t("assets.view")}
					value={table ? "table" : "drawing"}
					options={[
						["drawing", t("graph.drawing")],
						["table", t("graph.table")],
					]}
					onChange={(as) => url.change({ as: as === "table" ? as : null })}
				/>
				{mayFindings && <Check label={t("graph.findings")} checked={findings} onChange={(event) => url.change({ findings: event.target.checked ? "true" : null })} />}
				{!table && <span className="push xs muted hints">{t("graph.keys")}</span>}
			</div>
			<Answered query={graph}>
				{(data) => (
					<>
						{data.cut && <p className="small muted">{t("assets.cut", { n: data.nodes.length + data.beyond.length })}</p>}
						{table ? <GraphTable graph={data} /> : data.nodes.length > (root ? 1 : 0) ? <GraphView graph={data} root={root} /> : <Empty icon="network" title={t("assets.noGraph")} text={t("assets.noGraphText")} />}
					</>
				)}
			</Answered>
		</>
	);
}
