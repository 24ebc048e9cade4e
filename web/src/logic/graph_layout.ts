import type { Asset, AssetKind, Graph, GraphNode } from "../api/types.ts";
import { shortIds } from "./format.ts";

export type NodeKind = AssetKind | Exclude<GraphNode["kind"], "group">;

/** Left to right: what stands on what. A host runs containers, which are of images, whose packages have vulnerabilities, which
 * somebody brought in. */
const COLUMN: Record<NodeKind, number> = {
	host: 0,
	network: 0,
	pod: 1,
	container: 2,
	user: 3,
	process: 3,
	port: 3,
	volume: 3,
	image: 3,
	package: 4,
	more: 4,
	vulnerability: 5,
	layer: 6,
	owner: 6,
};

/** A node whatever it is: an asset, or what hangs on one. */
export interface Item {
	id: string;
	/** Of a group: the kind of its members. */
	kind: NodeKind;
	name: string;
	asset?: Asset;
	beyond?: GraphNode;
}

export interface Placed {
	item: Item;
	column: number;
	x: number;
	y: number;
}

export interface Layout {
	nodeWidth: number;
	nodes: Placed[];
	edges: { from: Placed; to: Placed; kind: string }[];
	width: number;
	height: number;
}

/** Nodes are as wide as there is room for between these. */
export const NODE_WIDTH = 172;
const NODE_LEAST = 132;
export const NODE_HEIGHT = 36;
export const NODES_DRAWN = 300;
const COLUMN_GAP = 24;
const ROW_GAP = 12;
/** Short columns stand in the middle of long ones, but not below what is in sight at first. */
const ROWS_IN_SIGHT = 14;

export function itemsOf(graph: Graph): Item[] {
	return [
		...graph.nodes.map((asset): Item => ({ id: asset.id, kind: asset.kind, name: shortIds(asset.name || asset.id), asset })),
		...graph.beyond.map((beyond): Item => ({ id: beyond.id, kind: beyond.kind === "group" ? (beyond.of ?? "container") : beyond.kind, name: beyond.name, beyond })),
	];
}

/**
 * Columns by kind; within a column, by where the neighbours to the left stand, so that edges cross little. The same graph always
 * comes to lie the same way.
 *
 * @param room how wide it may be; where that is not enough it is wider
 * @param before where nodes stood: those that were there keep their order, whatever has come since
 */
export function layoutGraph(graph: Graph, room = Number.POSITIVE_INFINITY, before?: ReadonlyMap<string, number>): Layout {
	const items = itemsOf(graph).slice(0, NODES_DRAWN);
	const used = [...new Set(items.map((item) => COLUMN[item.kind] ?? 4))].sort((a, b) => a - b);
	const nodeWidth = Math.max(NODE_LEAST, Math.min(NODE_WIDTH, Math.floor((room - 2 * ROW_GAP + COLUMN_GAP) / Math.max(1, used.length)) - COLUMN_GAP));
	const columns: Item[][] = used.map(() => []);
	for (const item of items) columns[used.indexOf(COLUMN[item.kind] ?? 4)]!.push(item);

	const neighbours = new Map<string, string[]>();
	const link = (a: string, b: string) => neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
	for (const edge of graph.edges) {
		link(edge.from, edge.to);
		link(edge.to, edge.from);
	}

	const placed = new Map<string, Placed>();
	const tallest = Math.max(1, ...columns.map((column) => column.length));
	const height = tallest * (NODE_HEIGHT + ROW_GAP) + ROW_GAP;
	columns.forEach((column, index) => {
		const wish = (item: Item) => {
			const stood = before?.get(item.id);
			if (stood !== undefined) return stood;
			const ys = (neighbours.get(item.id) ?? []).flatMap((id) => placed.get(id)?.y ?? []);
			return ys.length ? ys.reduce((sum, y) => sum + y, 0) / ys.length : Number.POSITIVE_INFINITY;
		};
		// What is left over of a group stands last.
		const order = column.map((item) => ({ item, wish: item.beyond?.open?.skip ? Number.MAX_VALUE : wish(item) }));
		const top = Math.max(0, (Math.min(tallest, ROWS_IN_SIGHT) - column.length) / 2) * (NODE_HEIGHT + ROW_GAP);
		order.sort((a, b) => (a.wish === b.wish ? 0 : a.wish - b.wish) || (a.item.name < b.item.name ? -1 : a.item.name > b.item.name ? 1 : a.item.id < b.item.id ? -1 : 1));
		order.forEach(({ item }, row) => {
			placed.set(item.id, {
				item,
				column: index,
				x: index * (nodeWidth + COLUMN_GAP) + ROW_GAP,
				y: ROW_GAP + top + row * (NODE_HEIGHT + ROW_GAP),
			});
		});
	});
	return {
		nodeWidth,
		nodes: [...placed.values()],
		edges: graph.edges.flatMap(({ from, to, kind }) => {
			const a = placed.get(from);
			const b = placed.get(to);
			return a && b ? [a.x <= b.x ? { from: a, to: b, kind } : { from: b, to: a, kind }] : [];
		}),
		width: Math.max(1, used.length) * (nodeWidth + COLUMN_GAP) - COLUMN_GAP + 2 * ROW_GAP,
		height,
	};
}

/** Where an arrow key leads: up and down in the column, left and right along an edge, or to the nearest where there is none. */
export function stepFrom(layout: Layout, id: string, key: string): string | null {
	const at = layout.nodes.find((node) => node.item.id === id);
	if (!at) return null;
	const nearest = (nodes: Placed[]) => nodes.reduce<Placed | null>((best, node) => (!best || Math.abs(node.y - at.y) < Math.abs(best.y - at.y) ? node : best), null);
	const column = layout.nodes.filter((node) => node.column === at.column);
	if (key === "ArrowDown") return nearest(column.filter((node) => node.y > at.y))?.item.id ?? null;
	if (key === "ArrowUp") return nearest(column.filter((node) => node.y < at.y))?.item.id ?? null;
	if (key === "Home") return column[0]!.item.id;
	if (key === "End") return column.at(-1)!.item.id;
	if (key !== "ArrowLeft" && key !== "ArrowRight") return null;
	const side = key === "ArrowRight" ? 1 : -1;
	const linked = layout.edges.flatMap(({ from, to }) => (from === at ? [to] : to === at ? [from] : [])).filter((node) => (node.column - at.column) * side > 0);
	return (nearest(linked) ?? nearest(layout.nodes.filter((node) => node.column === at.column + side)))?.item.id ?? null;
}
