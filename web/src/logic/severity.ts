import type { Priority, Severity, SeverityCounts } from "../api/types.ts";

export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "negligible", "unknown"];
export const PRIORITIES: Priority[] = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/** Priorities of alerts look like the severity that is as urgent: one set of shapes and colours for both. */
export const PRIORITY_LOOK: Record<Priority, Severity> = {
	emergency: "critical",
	alert: "critical",
	critical: "critical",
	error: "high",
	warning: "medium",
	notice: "low",
	informational: "negligible",
	debug: "negligible",
};

export function worstOf(counts: SeverityCounts): Severity | null {
	return SEVERITIES.find((severity) => counts[severity] > 0) ?? null;
}

export function totalOf(counts: Record<string, number>): number {
	return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

/** Step 0 to 5 of a cell of the heat map: by tens of the count, so that one row of thousands does not pale the others. */
export function heatStep(count: number): number {
	if (count <= 0) return 0;
	return Math.min(5, 1 + Math.floor(Math.log10(count) * 2));
}
