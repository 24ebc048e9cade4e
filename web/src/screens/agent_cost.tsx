import type { AgentCost, AgentPart } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { TimeAxis } from "../kit/charts.tsx";
import { Panel } from "../kit/controls.tsx";
import { DAY_MS, Sparkline } from "../kit/sparkline.tsx";
import { type Column, SmallTable } from "../kit/table.tsx";
import { wholeCost } from "../logic/cost.ts";
import { bytes, number, percent } from "../logic/format.ts";

/** What an agent cost in the last day, one line a figure. */
export function CostPanel({ cost }: { cost: AgentCost[] }) {
	if (cost.length === 0) return null;
	const lines: [string, (one: AgentCost) => number, (value: number) => string][] = [
		[t("cost.cpu"), (one) => one.cpu, (value) => percent(value / 100)],
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

const seconds = (value: number) => `${number(Math.round(value * 10) / 10)} s`;

const COLUMNS = (): Column<AgentPart>[] => [
	{ key: "part", head: t("cost.part"), width: "minmax(160px, 1fr)", cell: (each) => tValue("part", each.part) },
	{ key: "cpu", head: t("cost.cpuNow"), width: "110px", end: true, cell: (each) => (each.cpu != null ? percent(each.cpu / 100) : "") },
	{ key: "cpuSeconds", head: t("cost.cpuAll"), width: "130px", end: true, cell: (each) => seconds(each.cpuSeconds) },
	{ key: "memory", head: t("cost.memory"), width: "100px", end: true, cell: (each) => bytes(each.memory) },
	{ key: "processes", head: t("cost.processes"), width: "90px", end: true, cell: (each) => (each.processes != null ? number(each.processes) : "") },
];

/** What an agent costs now, part by part, and all together. */
export function PartsPanel({ parts }: { parts: AgentPart[] }) {
	if (parts.length === 0) return null;
	return (
		<Panel title={t("cost.parts")} flush>
			<SmallTable label={t("cost.parts")} columns={COLUMNS()} rows={[...parts, wholeCost(parts)]} rowKey={(each) => each.part} empty={null} />
		</Panel>
	);
}
