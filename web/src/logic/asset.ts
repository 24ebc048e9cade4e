import type { Asset } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { ALL_CAPABILITIES, capabilitiesOf } from "./capability.ts";
import { bytes, dateTime, shortIds } from "./format.ts";

/** The page of something, by its kind and id as the API names them. */
export function hrefOf(kind: string, id: string): string {
	if (kind === "alert") return `/alerts/${encodeURIComponent(id)}`;
	if (kind === "vulnerability") return `/vulnerabilities/${encodeURIComponent(id)}`;
	if (kind === "image") return `/images/${encodeURIComponent(id.replace(/^image:/, ""))}`;
	return `/assets/${encodeURIComponent(id.startsWith(`${kind}:`) ? id : `${kind}:${id}`)}`;
}

/** What tells things of one name apart: the pod, or the id where there is none, and the host. */
export function placeOf({ id, host, cluster, namespace, pod }: { id: string; host?: string; cluster?: string; namespace?: string; pod?: string }): string {
	const inside = pod ? [namespace ? `${namespace}/${pod}` : pod] : [namespace, shortIds(id.slice(id.indexOf(":") + 1))];
	return [...inside, host, cluster].filter(Boolean).join(" · ");
}

/** A value of an asset's summary or an agent's document, which may hold anything. */
export function textOf(value: unknown): string {
	if (value === null || value === undefined) return "";
	if (typeof value === "object") return JSON.stringify(value);
	return String(value);
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function capabilityText(held: string[]): string {
	return held.length === 0 ? t("common.none") : held.length >= ALL_CAPABILITIES ? t("fact.allCaps", { n: held.length }) : held.join(", ");
}

/** A member of an agent's document as people read it: moments in their zone, sizes with their unit. */
export function factOf(name: string, value: unknown): string {
	if (typeof value === "string" && MOMENT.test(value)) return dateTime(value);
	if (typeof value === "number" && /^(bytes|.*Bytes)$/.test(name)) return bytes(value);
	if (typeof value === "number" && name.endsWith("Ns")) return dateTime(new Date(value / 1e6).toISOString());
	if (typeof value === "number" && name === "bootTime") return dateTime(new Date(value * 1e3).toISOString());
	if (typeof value === "number" && name === "rootHostUid") return value === 0 ? "root" : `UID ${value}`;
	if (typeof value === "number" && name === "caps") return capabilityText(capabilitiesOf(value));
	if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
	if (name === "state" && typeof value === "string") return tValue("containerState", value);
	return textOf(value);
}

export function summaryOf(asset: Asset, name: string): string {
	const summary = asset.summary as Record<string, unknown> | null;
	return summary && typeof summary === "object" ? textOf(summary[name]) : "";
}
