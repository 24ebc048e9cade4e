import type { Asset, AssetKind, Graph } from "../api/types.ts";

/** Left to right: what stands on what. A host runs containers, which are of images, which hold packages. */
const COLUMN: Record<AssetKind, number> = {
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
};

export interface Placed {
	asset: Asset;
	x: number;
	y: number;
}

export interface Layout {
	nodes: Placed[];
	edges: { from: Placed; to: Placed; kind: string }[];
	width: number;
	height: number;
}

export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 36;
const COLUMN_GAP = 72;
const ROW_GAP = 12;

/** Columns by kind; within a column, by where the neighbours to the left stand, so that edges cross little. The same graph always
 * comes to lie the same way. */
export function layoutGraph(graph: Graph): Layout {
	const used = [...new Set(graph.nodes.map((node) => COLUMN[node.kind] ?? 4))].sort((a, b) => a - b);
	const columns: Asset[][] = used.map(() => []);
	for (const node of graph.nodes) columns[used.indexOf(COLUMN[node.kind] ?? 4)]!.push(node);

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
		const wish = (asset: Asset) => {
			const ys = (neighbours.get(asset.id) ?? []).flatMap((id) => placed.get(id)?.y ?? []);
			return ys.length ? ys.reduce((sum, y) => sum + y, 0) / ys.length : Number.POSITIVE_INFINITY;
		};
		const order = column.map((asset) => ({ asset, wish: wish(asset) }));
		order.sort((a, b) => a.wish - b.wish || (a.asset.name < b.asset.name ? -1 : 1));
		const used = order.length * (NODE_HEIGHT + ROW_GAP) - ROW_GAP;
		order.forEach(({ asset }, row) => {
			placed.set(asset.id, {
				asset,
				x: index * (NODE_WIDTH + COLUMN_GAP) + ROW_GAP,
				y: (height - used) / 2 + row * (NODE_HEIGHT + ROW_GAP),
			});
		});
	});
	return {
		nodes: [...placed.values()],
		edges: graph.edges.flatMap(({ from, to, kind }) => {
			const a = placed.get(from);
			const b = placed.get(to);
			return a && b ? [a.x <= b.x ? { from: a, to: b, kind } : { from: b, to: a, kind }] : [];
		}),
		width: Math.max(1, used.length) * (NODE_WIDTH + COLUMN_GAP) - COLUMN_GAP + 2 * ROW_GAP,
		height,
	};
}
