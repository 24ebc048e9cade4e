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

/** Counts of one colour on the heat map: the palest is step 1, the deepest 5. */
export interface HeatStep {
	step: number;
	from: number;
	to: number;
}

const HEAT_STEPS = 5;

/**
 * The colours of a heat map, made from what is on it: about as many cells have one as another, so that neither one row of thousands
 * pales all others nor a quiet place looks like a burning one. Equal counts are never told apart, few different ones have a colour each,
 * and the most there is has the deepest, unless all are the same.
 */
export function heatSteps(counts: number[]): HeatStep[] {
	const cells = new Map<number, number>();
	for (const count of counts) if (count > 0) cells.set(count, (cells.get(count) ?? 0) + 1);
	const distinct = [...cells.keys()].sort((a, b) => a - b);
	const ranges: { from: number; to: number; cells: number }[] = [];
	let left = [...cells.values()].reduce((sum, n) => sum + n, 0);
	let share = 0;
	distinct.forEach((count, i) => {
		const last = ranges.at(-1);
		const open = HEAT_STEPS - ranges.length;
		if (!last || (open > 0 && (last.cells >= share || distinct.length - i <= open))) {
			share = left / Math.max(1, open);
			ranges.push({ from: count, to: count, cells: cells.get(count)! });
		} else {
			last.to = count;
			last.cells += cells.get(count)!;
		}
		left -= cells.get(count)!;
	});
	const stepOf = (i: number) => (ranges.length === 1 ? Math.ceil(HEAT_STEPS / 2) : 1 + Math.round((i * (HEAT_STEPS - 1)) / (ranges.length - 1)));
	return ranges.map(({ from, to }, i) => ({ step: stepOf(i), from, to }));
}

/** The step of a cell; 0 for nothing. */
export function heatStep(steps: HeatStep[], count: number): number {
	return steps.findLast(({ from }) => count >= from && count > 0)?.step ?? 0;
}
