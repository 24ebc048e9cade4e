import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { Graph } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Check, Segmented } from "../kit/controls.tsx";
import { ASSET_ICON, Icon, type IconName } from "../kit/icons.tsx";
import { KevBadge, Shape } from "../kit/severity.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, Table } from "../kit/table.tsx";
import { hrefOf } from "../logic/asset.ts";
import { type Item, NODE_HEIGHT, type Placed, itemsOf, layoutGraph, stepFrom } from "../logic/graph_layout.ts";
import { number, shortIds } from "../logic/format.ts";
import "./asset_graph.css";

const BEYOND_ICON: Record<string, IconName> = { package: "package", vulnerability: "bug", layer: "images", owner: "user", more: "plus" };

/** What the address of a fleet's graph narrows it to. */
const NARROWS = ["cluster", "namespace", "agent", "image"] as const;

const isGroup = ({ beyond }: Item) => beyond?.kind === "group";

/** Of a group what its members have in common; their number stands beside it. */
function groupText({ kind, name, beyond }: Item): string {
	const many = tValue("kinds", kind);
	if (beyond?.open?.skip) return t("graph.rest");
	if (!beyond?.by) return many;
	if (!name) return t("graph.without", { what: tValue("facet", beyond.by) });
	return beyond.by === "image" ? imageText(name) : name;
}

/** Without its registry and folders, which a node has no room for. */
const imageText = (name: string) => name.slice(name.lastIndexOf("/") + 1);

function textOf(item: Item): string {
	const { kind, name, beyond } = item;
	if (isGroup(item)) return groupText(item);
	if (kind === "image") return imageText(name);
	if (kind === "layer") return tValue("owner", name);
	if (kind === "more") return t("graph.more", { n: beyond?.count ?? 0 });
	return name;
}

/** A group opens the graph of what is in it; where there is none, the list of its kind. */
function groupPage({ kind, beyond }: Item, findings: boolean): string {
	const open = Object.entries(beyond?.open ?? {}).map(([name, value]): [string, string] => [name, String(value)]);
	if (kind !== "image" && kind !== "container" && kind !== "host") return `/assets?${new URLSearchParams([["kind", kind], ...open])}`;
	if (open.length === 0) return kind === "image" ? "/images" : `/assets?kind=${kind}`;
	return `/assets?${new URLSearchParams([["view", "graph"], ...(findings ? [["findings", "true"]] : []), ...open])}`;
}

function pageOf(item: Item, findings = false): string | undefined {
	const { kind, id, name, asset } = item;
	if (isGroup(item)) return groupPage(item, findings);
	if (asset) return hrefOf(asset.kind, asset.id);
	if (kind === "vulnerability") return hrefOf(kind, name);
	if (kind === "package") return `/vulnerabilities?q=${encodeURIComponent(name.split(" ", 1)[0]!)}`;
	if (kind === "more") return hrefOf("image", id.replace(/^more:/, ""));
	return undefined;
}

function Mark({ item }: { item: Item }) {
	const severity = item.beyond?.severity;
	if (!severity) return <Icon name={ASSET_ICON[item.kind] ?? BEYOND_ICON[item.kind] ?? "assets"} />;
	return (
		<span className={`tone-${severity} graph-severity`}>
			<Shape severity={severity} />
			<span className="sr-only">{tValue("severity", severity)}</span>
		</span>
	);
}

/** From the right of one to the left of the other; between two of a column, out to the right and back. */
function curveOf(from: Placed, to: Placed, nodeWidth: number): string {
	const [x1, y1, y2] = [from.x + nodeWidth, from.y + NODE_HEIGHT / 2, to.y + NODE_HEIGHT / 2];
	const x2 = from.column === to.column ? x1 : to.x;
	const bend = Math.max(24, (x2 - x1) / 2);
	return `M${x1} ${y1}C${x1 + bend} ${y1} ${from.column === to.column ? x2 + bend : x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The graph drawn: one stop of the Tab key, arrows go along its edges, Enter opens. */
export function GraphView({ graph, root, findings = false }: { graph: Graph; root?: string; findings?: boolean }) {
	const [room, setRoom] = useState<number>();
	const watch = useCallback((element: HTMLDivElement | null) => {
		if (!element) return;
		const inside = () => setRoom(element.clientWidth - Number.parseFloat(getComputedStyle(element).paddingLeft) * 2);
		const observer = new ResizeObserver(inside);
		observer.observe(element);
		inside();
		return () => observer.disconnect();
	}, []);
	const stood = useRef<ReadonlyMap<string, number>>(new Map());
	const layout = useMemo(() => layoutGraph(graph, room, stood.current), [graph, room]);
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
		<div ref={watch} className="graph panel" role="group" aria-label={t("assets.graph")} onKeyDown={keys}>
			<svg ref={box} width={layout.width} height={layout.height}>
				<g fill="none">
					{layout.edges.map(({ from, to, kind }) => {
						const lit = over !== null && (from.item.id === over || to.item.id === over);
						return (
							<path key={`${from.item.id} ${kind} ${to.item.id}`} d={curveOf(from, to, layout.nodeWidth)} className={`graph-edge${lit ? " lit" : ""}${over && !lit ? " dim" : ""}`}>
								<title>{tValue("relation", kind)}</title>
							</path>
						);
					})}
				</g>
				{layout.nodes.map(({ item, x, y }) => {
					const href = pageOf(item, findings);
					const text = textOf(item);
					const said = isGroup(item) ? t("graph.group", { name: text, kind: tValue("kinds", item.kind), n: item.beyond?.count ?? 0 }) : `${tValue("kind", item.kind)} · ${item.name || text}`;
					return (
						<foreignObject key={item.id} x={x} y={y} width={layout.nodeWidth} height={NODE_HEIGHT}>
							<a
								href={href}
								data-id={item.id}
								tabIndex={item.id === current ? 0 : -1}
								role={href ? undefined : "note"}
								className={`graph-node is-${item.kind}${isGroup(item) ? " group" : ""}${item.id === root ? " root" : ""}${near && !near.has(item.id) ? " dim" : ""}`}
								title={said}
								aria-label={isGroup(item) ? said : undefined}
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
								{isGroup(item) && <b className="graph-count">{number(item.beyond?.count ?? 0)}</b>}
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

function ItemCell({ item, findings }: { item: Item; findings: boolean }) {
	const href = pageOf(item, findings);
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
			{item.kind !== "more" && <span className="muted xs">{isGroup(item) ? (item.beyond?.by ? t("graph.members", { n: item.beyond.count ?? 0, kind: tValue("kinds", item.kind) }) : number(item.beyond?.count ?? 0)) : tValue("kind", item.kind)}</span>}
		</span>
	);
}

/** The same as a table, an edge a row: for those to whom a drawing says nothing. */
function GraphTable({ graph, findings }: { graph: Graph; findings: boolean }) {
	const rows = useMemo(() => {
		const items = new Map(itemsOf(graph).map((item) => [item.id, item]));
		return graph.edges.flatMap(({ from, to, kind }): Relation[] => {
			const a = items.get(from);
			const b = items.get(to);
			return a && b ? [{ key: `${from} ${kind} ${to}`, from: a, to: b, kind }] : [];
		});
	}, [graph]);
	const columns: Column<Relation>[] = [
		{ key: "from", head: t("graph.from"), width: "minmax(220px, 1fr)", cell: ({ from }) => <ItemCell item={from} findings={findings} /> },
		{ key: "kind", head: t("graph.relation"), width: "120px", cell: ({ kind }) => <span className="muted">{tValue("relation", kind)}</span> },
		{ key: "to", head: t("graph.to"), width: "minmax(220px, 1fr)", cell: ({ to }) => <ItemCell item={to} findings={findings} /> },
	];
	return (
		<Table
			label={t("assets.graph")}
			columns={columns}
			rows={rows}
			rowKey={(row) => row.key}
			href={(row) => pageOf(row.to, findings) ?? pageOf(row.from, findings) ?? null}
			foot={<span className="num">{t("table.all", { n: rows.length })}</span>}
			empty={<Empty icon="network" title={t("assets.noGraph")} text={t("assets.noGraphText")} />}
		/>
	);
}

/** What the graph is narrowed to, each to be taken off. */
function Narrowed({ graph }: { graph?: Graph }) {
	const url = useUrl();
	const named = (name: string, value: string) => {
		if (name === "agent") return graph?.nodes.find((asset) => asset.kind === "host" && asset.agent === value)?.name ?? value;
		if (name === "image") return graph?.nodes.find((asset) => asset.id === value)?.name ?? shortIds(value);
		return value;
	};
	return NARROWS.filter((name) => url.one(name)).map((name) => (
		<button key={name} type="button" className="chip" aria-label={t("graph.widen", { name: tValue("facet", name === "agent" ? "host" : name), value: named(name, url.one(name)) })} onClick={() => url.change({ [name]: null, skip: null })}>
			<span className="muted">{tValue("facet", name === "agent" ? "host" : name)}</span>
			<span className="clip">{named(name, url.one(name))}</span>
			<Icon name="close" size={10} />
		</button>
	));
}

/** What belongs to an asset, or to all hosts: drawn or as a table, with what is wrong with images on wish. What is shown stands in the address. */
export function GraphPanel({ root, depth, kinds }: { root?: string; depth: number; kinds?: string[] }) {
	const url = useUrl();
	const mayFindings = useMay("vulnerabilities.read");
	const findings = mayFindings && url.one("findings") === "true";
	const table = url.one("as") === "table";
	const narrow = root ? {} : Object.fromEntries([...NARROWS, "skip"].map((name) => [name, url.one(name) || undefined]));
	const graph = useAnswer<Graph>("/assets/graph", { root, depth, kind: kinds, findings: findings || undefined, ...narrow });
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
				{!root && <Narrowed graph={graph.data} />}
				{!table && <span className="push xs muted hints">{t("graph.keys")}</span>}
			</div>
			<Answered query={graph}>
				{(data) => (
					<>
						{data.cut && <p className="small muted">{t("assets.cut", { n: data.nodes.length + data.beyond.length })}</p>}
						{table ? <GraphTable graph={data} findings={findings} /> : data.nodes.length + data.beyond.length > (root ? 1 : 0) ? <GraphView graph={data} root={root} findings={findings} /> : <Empty icon="network" title={t("assets.noGraph")} text={t("assets.noGraphText")} />}
					</>
				)}
			</Answered>
		</>
	);
}
