// Severity by shape, word and colour, any one of which is enough.
import type { AlertState, Priority, Severity, SeverityCounts } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { shortNumber } from "../logic/format.ts";
import { PRIORITY_LOOK } from "../logic/severity.ts";

const SHAPES: Record<Severity, { d: string; hollow?: boolean }> = {
	critical: { d: "M6 .5 11.500 6 6 11.500.5 6z" },
	high: { d: "M6 1 11.500 11H.5z" },
	medium: { d: "M1.500 1.500h9v9h-9z" },
	low: { d: "M6 11 .5 1.500h11z", hollow: true },
	negligible: { d: "M6 3.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z" },
	unknown: { d: "M6 1.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9z", hollow: true },
};

export function Shape({ severity }: { severity: Severity }) {
	const shape = SHAPES[severity] ?? SHAPES.unknown;
	return (
		<svg className="shape" width="11" height="11" viewBox="0 0 12 12" aria-hidden="true" fill={shape.hollow ? "none" : "currentColor"} stroke="currentColor" strokeWidth={shape.hollow ? 1.6 : 0}>
			<path d={shape.d} />
		</svg>
	);
}

export function SeverityMark({ severity }: { severity: Severity }) {
	return (
		<span className={`severity tone-${severity}`}>
			<Shape severity={severity} />
			{tValue("severity", severity)}
		</span>
	);
}

export function PriorityMark({ priority }: { priority: Priority }) {
	const look = PRIORITY_LOOK[priority] ?? "unknown";
	return (
		<span className={`severity tone-${look}`}>
			<Shape severity={look} />
			{tValue("priority", priority)}
		</span>
	);
}

/** The counts that are not zero, worst first; `all`: the mild ones, too. Where no heading says what is counted, `none` does when there is nothing. */
export function Counts({ counts, all = false, none = t("common.none") }: { counts: SeverityCounts; all?: boolean; none?: string }) {
	const shown = (["critical", "high", "medium", "low", ...(all ? (["negligible", "unknown"] as const) : [])] as const).filter(
		(severity) => counts[severity] > 0,
	);
	return (
		<span className="counts">
			{shown.length === 0 && <span className="none">{none}</span>}
			{shown.map((severity) => (
				<span key={severity} className={`tone-${severity}`} title={tValue("severity", severity)}>
					<Shape severity={severity} />
					<span className="sr-only">{tValue("severity", severity)} </span>
					{shortNumber(counts[severity])}
				</span>
			))}
		</span>
	);
}

const STATE_TONE: Record<AlertState, string> = { open: "high", acknowledged: "accent", resolved: "good", "false-positive": "neutral" };

export function StateBadge({ state }: { state: AlertState }) {
	return <span className={`badge tone-${STATE_TONE[state] ?? "neutral"}`}>{tValue("state", state)}</span>;
}

export function KevBadge() {
	return (
		<span className="badge tone-critical" title={t("vulnerability.kev.long")}>
			KEV
		</span>
	);
}

/** Whose layer brought it. */
export function OwnerBadge({ owner }: { owner: string }) {
	return <span className={`badge tone-${owner === "application" ? "accent" : owner === "base" ? "unknown" : "neutral"}`}>{tValue("owner", owner)}</span>;
}

/** Whether somebody takes the risk. */
export function AcceptanceBadge({ state }: { state: string }) {
	return <span className={`badge tone-${state === "open" ? "high" : state === "accepted" ? "good" : "accent"}`}>{tValue("accepted", state)}</span>;
}
