import { t } from "../i18n/index.ts";
import { dateTime } from "../logic/format.ts";

const WIDTH = 288;
const HEIGHT = 28;
export const DAY_MS = 24 * 3600 * 1000;

/** A day of one figure as bars by time; where nothing is known there is none. What it says is said in words as well. */
export function Sparkline({ points, say, label }: { points: { at: string; value: number }[]; say: (value: number) => string; label: string }) {
	const most = Math.max(...points.map((point) => point.value), 0);
	const end = Date.parse(points[points.length - 1]?.at ?? "") + DAY_MS / WIDTH;
	return (
		<svg className="histogram" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" role="img" aria-label={t("cost.most", { what: label, most: say(most) })}>
			<line className="base" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} vectorEffect="non-scaling-stroke" />
			{points.map((point) => {
				const tall = most > 0 ? Math.max(point.value > 0 ? 1 : 0, (point.value / most) * (HEIGHT - 2)) : 0;
				return (
					<rect key={point.at} className="tone-accent" x={WIDTH - ((end - Date.parse(point.at)) / DAY_MS) * WIDTH} y={HEIGHT - 1 - tall} width={1} height={tall}>
						<title>{`${dateTime(point.at)}: ${say(point.value)}`}</title>
					</rect>
				);
			})}
		</svg>
	);
}
