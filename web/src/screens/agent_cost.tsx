import type { AgentCost } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { TimeAxis } from "../kit/charts.tsx";
import { Panel } from "../kit/controls.tsx";
import { DAY_MS, Sparkline } from "../kit/sparkline.tsx";
import { bytes, number } from "../logic/format.ts";

/** What an agent cost in the last day, one line a figure. */
export function CostPanel({ cost }: { cost: AgentCost[] }) {
	if (cost.length === 0) return null;
	const lines: [string, (one: AgentCost) => number, (value: number) => string][] = [
		[t("cost.cpu"), (one) => one.cpu, (value) => `${number(Math.round(value * 10) / 10)} %`],
		[t("cost.memory"), (one) => one.memory, bytes],
		[t("cost.events"), (one) => one.events, (value) => number(Math.round(value * 10) / 10)],
		[t("cost.lost"), (one) => one.lost, number],
	];
	const latest = cost[cost.length - 1] as AgentCost;
	const last = Date.parse(latest.time);
	return (
		<Panel title={t("cost.title")}>
			<ul className="stack tight">
				{lines.map(([label, of, say]) => (
					<li key={label} className="event-bar small">
						<span>{label}</span>
						<Sparkline points={cost.map((one) => ({ at: one.time, value: of(one) }))} say={say} label={label} />
						<span className="num">{say(of(latest))}</span>
					</li>
				))}
				<li className="event-bar xs muted">
					<span />
					<TimeAxis from={new Date(last - DAY_MS).toISOString()} to={new Date(last).toISOString()} />
					<span className="num">{t("cost.latest")}</span>
				</li>
			</ul>
		</Panel>
	);
}
