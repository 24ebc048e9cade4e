import type { NotificationSetting } from "../api/types.ts";

/** A setting as it stands in a field: lists a line each, maps as "name: value" lines. */
export function toText(value: unknown): string {
	if (value === null || value === undefined) return "";
	if (Array.isArray(value)) return value.map(String).join("\n");
	if (typeof value === "object")
		return Object.entries(value)
			.map(([name, each]) => `${name}: ${String(each)}`)
			.join("\n");
	return String(value);
}

function lines(text: string): string[] {
	return text
		.split("\n")
		.map((line) => line.trim())
		.filter(Boolean);
}

function parse(type: string, text: string): unknown {
	if (type === "number") return Number(text);
	if (type === "boolean") return text === "true";
	if (type === "list") return lines(text);
	if (type === "map")
		return Object.fromEntries(
			lines(text).map((line) => {
				const at = line.indexOf(":");
				return at < 0 ? [line, ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
			}),
		);
	return text;
}

/** The settings of a kind, out of its fields; what was left empty is left out. */
export function fromText(settings: readonly NotificationSetting[], texts: Record<string, string>): Record<string, unknown> {
	const out: Record<string, unknown> = {};
	for (const { name, type } of settings) {
		const text = texts[name] ?? "";
		if (text.trim() !== "") out[name] = parse(type, text);
	}
	return out;
}

/** What a setting is, taken apart: what its field is called, and the rest of the sentence. */
export function titleOf(what: string, name: string): [title: string, rest: string] {
	const [, head, rest] = /^(.+?)(?:[:;,] |[：；，])(.*)$/s.exec(what) ?? [null, what, ""];
	const title = head || name;
	return [title.charAt(0).toUpperCase() + title.slice(1), rest ?? ""];
}
