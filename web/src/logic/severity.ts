import type { AlertState, HistogramBucket, Priority, Severity, SeverityCounts } from "../api/types.ts";

export const SEVERITIES: Severity[] = ["critical", "high", "medium", "low", "negligible", "unknown"];
export const STATES: AlertState[] = ["open", "acknowledged", "resolved", "false-positive"];
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

/** The values of a facet as people read them down: priorities and states by what they mean, others as they come, by their number. */
export function inReadingOrder<T extends { value: string }>(field: string, values: T[]): T[] {
	const order: readonly string[] = field === "priority" ? PRIORITIES : field === "state" ? STATES : [];
	return order.length ? [...values].sort((a, b) => order.indexOf(a.value) - order.indexOf(b.value)) : values;
}

export function worstOf(counts: SeverityCounts): Severity | null {
	return SEVERITIES.find((severity) => counts[severity] > 0) ?? null;
}

/** What of a chart has been: its last hour may have begun only. */
export function soFar(buckets: HistogramBucket[], now = Date.now()): HistogramBucket[] {
	return buckets.filter((bucket) => Date.parse(bucket.time) <= now);
}

export function totalOf(counts: Record<string, number>): number {
	return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

/** Step 0 to 5 of a cell of the heat map: by tens of the count, so that one row of thousands does not pale the others. */
export function heatStep(count: number): number {
	if (count <= 0) return 0;
	return Math.min(5, 1 + Math.floor(Math.log10(count) * 2));
}
