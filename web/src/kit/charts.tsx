import type { HistogramBucket, Severity } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { dateTime, number, points, stretch } from "../logic/format.ts";
import { PRIORITIES, PRIORITY_LOOK, totalOf } from "../logic/severity.ts";

const WIDTH = 600;

/** Alerts over time, one bar a stretch, the most urgent at the foot of it. A click takes the stretch. */
export function Histogram({ buckets, height = 72, onPick, label }: { buckets: HistogramBucket[]; height?: number; onPick?: (from: string, to: string | undefined) => void; label: string }) {
	const most = Math.max(1, ...buckets.map((bucket) => totalOf(bucket.counts)));
	const step = WIDTH / Math.max(1, buckets.length);
	const sum = buckets.reduce((all, bucket) => all + totalOf(bucket.counts), 0);
	return (
		<svg className="histogram" viewBox={`0 0 ${WIDTH} ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={`${label}: ${number(sum)}`}>
			<line className="base" x1="0" x2={WIDTH} y1={height - 0.5} y2={height - 0.5} vectorEffect="non-scaling-stroke" />
			{buckets.map((bucket, index) => {
				let y = height - 1;
				const total = totalOf(bucket.counts);
				return (
					<g key={bucket.time} onClick={onPick && (() => onPick(bucket.time, buckets[index + 1]?.time))} style={onPick && { cursor: "pointer" }}>
						<title>{`${dateTime(bucket.time)}: ${t("alerts.count", { n: total })}`}</title>
						<rect x={index * step} y={0} width={step} height={height} style={{ fill: "transparent" }} />
						{PRIORITIES.filter((priority) => bucket.counts[priority] > 0).map((priority) => {
							const tall = Math.max(1.5, (bucket.counts[priority] / most) * (height - 4));
							y -= tall;
							return <rect key={priority} className={`tone-${PRIORITY_LOOK[priority]}`} x={index * step + step * 0.1} y={y} width={step * 0.8} height={tall} />;
						})}
					</g>
				);
			})}
		</svg>
	);
}

/** The ends of a chart's time, below it. */
export function TimeAxis({ from, to }: { from: string; to: string }) {
	const [begin, end] = stretch(from, to);
	return (
		<div className="time-axis xs muted num">
			<span title={dateTime(from)}>{begin}</span>
			<span title={dateTime(to)}>{end}</span>
		</div>
	);
}

/** How a whole is made up, as one bar; the words below it say the same. */
export function StackedBar({ parts }: { parts: { tone: string; value: number }[] }) {
	const sum = parts.reduce((all, part) => all + part.value, 0);
	return (
		<span className="bar row" style={{ gap: 1, display: "flex" }} aria-hidden="true">
			{parts.map((part) => part.value > 0 && <i key={part.tone} className={`tone-${part.tone}`} style={{ width: `${(part.value / sum) * 100}%`, borderRadius: 0 }} />)}
		</span>
	);
}

export function Meter({ share, tone }: { share: number; tone: string }) {
	return (
		<span className={`bar tone-${tone}`} aria-hidden="true">
			<i style={{ width: `${Math.min(100, Math.max(0, share * 100))}%` }} />
		</span>
	);
}

export const BAND_TONE: Record<string, Severity | "good"> = { good: "good", fair: "medium", poor: "high", critical: "critical" };

/** The risk as an arc of 240 degrees with its number in the middle. */
export function RiskDial({ score, band }: { score: number; band: string }) {
	const radius = 52;
	const arc = (240 / 360) * 2 * Math.PI * radius;
	const circle = { cx: 64, cy: 64, r: radius, fill: "none", strokeWidth: 9, strokeLinecap: "round" as const, transform: "rotate(150 64 64)" };
	return (
		<svg width="128" height="112" viewBox="0 0 128 112" role="img" aria-label={t("risk.dial", { score: points(score), band: tValue("band", band) })} className={`dial tone-${BAND_TONE[band] ?? "neutral"}`}>
			<circle {...circle} className="dial-rest" strokeDasharray={`${arc} 999`} />
			{score > 0 && <circle {...circle} className="dial-part" strokeDasharray={`${(arc * Math.min(100, score)) / 100} 999`} />}
			<text x="64" y="70" textAnchor="middle" className="dial-score">
				{points(score)}
			</text>
			<text x="64" y="90" textAnchor="middle" className="dial-band">
				{tValue("band", band)}
			</text>
		</svg>
	);
}
