import type { Asset } from "../api/types.ts";
import type { IconName } from "../kit/icons.tsx";

export const ASSET_ICON: Record<string, IconName> = {
	host: "host",
	container: "container",
	image: "images",
	pod: "pod",
	process: "process",
	port: "port",
	package: "package",
	user: "user",
	volume: "volume",
	network: "network",
};

/** The page of something, by its kind and id as the API names them. */
export function hrefOf(kind: string, id: string): string {
	if (kind === "alert") return `/alerts/${encodeURIComponent(id)}`;
	if (kind === "vulnerability") return `/vulnerabilities/${encodeURIComponent(id)}`;
	if (kind === "image") return `/images/${encodeURIComponent(id.replace(/^image:/, ""))}`;
	return `/assets/${encodeURIComponent(id.startsWith(`${kind}:`) ? id : `${kind}:${id}`)}`;
}

/** A value of an asset's summary or an agent's document, which may hold anything. */
export function textOf(value: unknown): string {
	if (value === null || value === undefined) return "";
	if (typeof value === "object") return JSON.stringify(value);
	return String(value);
}

export function summaryOf(asset: Asset, name: string): string {
	const summary = asset.summary as Record<string, unknown> | null;
	return summary && typeof summary === "object" ? textOf(summary[name]) : "";
}
