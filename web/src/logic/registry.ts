// What is typed into a registry's form, one thing a line, and what the API takes.
import type { Stage, StageRule } from "../api/types.ts";

export function linesOf(text: string): string[] {
	return text
		.split(/[\n,]/)
		.map((line) => line.trim())
		.filter(Boolean);
}

export function textOf(lines: readonly string[] | undefined): string {
	return (lines ?? []).join("\n");
}

/** "prod/** = production" a line; without a stage the line is kept for the console to refuse. */
export function rulesOf(text: string): StageRule[] {
	return linesOf(text).map((line) => {
		const at = line.lastIndexOf("=");
		return at < 0 ? { pattern: line, stage: "" as Stage } : { pattern: line.slice(0, at).trim(), stage: line.slice(at + 1).trim() as Stage };
	});
}

export function rulesText(rules: readonly StageRule[] | undefined): string {
	return (rules ?? []).map((rule) => `${rule.pattern} = ${rule.stage}`).join("\n");
}
