import { Link, useLocation } from "wouter";
import { useAnswer, useChange } from "../api/queries.ts";
import type { AgentDetail } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { t, tValue } from "../i18n/index.ts";
import { Meter } from "../kit/charts.tsx";
import { Button, Facts, Labels, Notice, Panel, RawDocument, Time } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Answered } from "../kit/states.tsx";
import { Tile } from "../kit/tile.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { bytes, dateTime, duration, number } from "../logic/format.ts";
import { CostPanel, PartsPanel } from "./agent_cost.tsx";
import { AgentState } from "./agents.tsx";

/** How a count of what was lost looks: plain as long as nothing was. */
function lossLook(lost: number | null | undefined): string | undefined {
	return lost ? "severity tone-high" : undefined;
}

type Loose = Record<string, unknown>;

function looseOf(value: unknown): Loose {
	return value && typeof value === "object" && !Array.isArray(value) ? (value as Loose) : {};
}

/** Members that are numbers and not zero, the largest first. */
function numbersOf(value: Loose): [string, number][] {
	return Object.entries(value)
		.filter((entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] !== 0)
		.sort((a, b) => b[1] - a[1]);
}

const causes = (counts: [string, number][]) => counts.map(([cause, count]) => `${tValue("loss", cause)}: ${number(count)}`).join(" · ");

const TOLD = ["judged", "alerts", "alertsFolded", "held", "heldTimeout", "unknownVerdicts", "processes", "containers", "containersUnknown", "engineErrors"];

/** What an agent last said of itself (doc/schemas/agent-stats-1.schema.json): what it did and what it lost. */
function Stats({ stats }: { stats: unknown }) {
	if (!stats)
		return (
			<Panel title={t("agents.stats")}>
				<p className="small muted">{t("agents.noStats")}</p>
			</Panel>
		);
	const sensor = looseOf(looseOf(stats).sensor);
	const delivered = Object.entries(looseOf(sensor.events)).map(([type, counts]) => [type, looseOf(counts).delivered]);
	const events = numbersOf(Object.fromEntries(delivered)).slice(0, 12);
	const lost = numbersOf(looseOf(sensor.lost));
	const unhashed = numbersOf(looseOf(sensor.unhashed));
	const most = Math.max(1, ...events.map(([, count]) => count));
	return (
		<>
			<Panel title={t("agents.stats")}>
				<Facts
					facts={[
						...TOLD.map((name): [string, string | null] => [tValue("stat", name), typeof sensor[name] === "number" ? number(sensor[name]) : null]),
						[t("stat.lost"), lost.length > 0 ? causes(lost) : t("common.none")],
						[t("stat.unhashed"), unhashed.length > 0 ? causes(unhashed) : null],
					]}
				/>
			</Panel>
			{events.length > 0 && (
				<Panel title={t("agents.eventsByType")}>
					<ul className="stack tight">
						{events.map(([type, count]) => (
							<li key={type} className="event-bar small">
								<code>{type}</code>
								<Meter share={count / most} tone="accent" />
								<span className="num">{number(count)}</span>
							</li>
						))}
					</ul>
				</Panel>
			)}
			<RawDocument title={t("asset.raw")} doc={stats} />
		</>
	);
}

/** Null: it does not say. A difference of a second is what a batch takes on its way. */
function clockOf(skew: number | null | undefined): string | null {
	if (skew == null) return null;
	const s = Math.round(Math.abs(skew));
	if (s <= 1) return t("agents.clockRight");
	return t(skew > 0 ? "agents.clockAhead" : "agents.clockBehind", { s: duration(s) });
}

function Body({ detail }: { detail: AgentDetail }) {
	const { agent } = detail;
	const mayWrite = useMay("agents.write");
	const [, navigate] = useLocation();
	const revoke = useChange<void, void>(
		() => ({ method: "POST", path: `/agents/${encodeURIComponent(agent.id)}/revoke` }),
		["/agents"],
		() => toast(t("agents.revoked", { name: agent.name })),
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/agents/${encodeURIComponent(agent.id)}` }),
		["/agents"],
		() => {
			toast(t("agents.removed", { name: agent.name }));
			navigate("/agents");
		},
	);
	const labels = Object.entries(agent.labels ?? {});
	return (
		<>
			<PageHead title={agent.name || agent.id} back={{ href: "/agents", text: t("nav.agents") }} before={<AgentState state={agent.state} />}>
				<Link href={`/assets?agent=${encodeURIComponent(agent.id)}&kind=container`} className="button">
					{t("overview.containers")}
				</Link>
				{mayWrite && agent.state !== "revoked" && (
					<Button look="danger" disabled={revoke.isPending} onClick={() => confirm(t("agents.revokeAsk", { name: agent.name })) && revoke.mutate(undefined, { onError: toastError })}>
						{t("agents.revoke")}
					</Button>
				)}
				{mayWrite && agent.state === "revoked" && (
					<Button look="danger" disabled={remove.isPending} onClick={() => confirm(t("agents.removeAsk", { name: agent.name })) && remove.mutate(undefined, { onError: toastError })}>
						{t("common.remove")}
					</Button>
				)}
			</PageHead>
			{agent.state === "silent" && (
				<Notice tone="high" icon="warning">
					{t("agents.silentText")}
				</Notice>
			)}
			{agent.clockOff && (
				<Notice tone="high" icon="warning">
					{t("agents.clockOff")}
				</Notice>
			)}
			<div className="tiles">
				<Tile label={t("agents.losses")} value={agent.losses != null ? number(agent.losses) : "–"} look={lossLook(agent.losses)} />
				<Tile label={t("agents.alertsLost")} value={number(agent.alertsLost)} look={lossLook(agent.alertsLost)} />
				<Tile label={t("agents.flowsLost")} value={number(agent.flowsLost)} look={lossLook(agent.flowsLost)} />
				<Tile label={t("agents.memory")} value={agent.memory != null ? bytes(agent.memory) : "–"} />
				<Tile label={t("overview.containers")} value={agent.containers != null ? number(agent.containers) : "–"} />
			</div>
			<div className="split">
				<div className="stack wide">
					<CostPanel cost={detail.cost} />
					<PartsPanel parts={detail.parts} />
					<Stats stats={detail.stats} />
				</div>
				<Panel title={t("asset.facts")}>
					<Facts
						facts={[
							[t("agents.id"), <code key="id">{agent.id}</code>],
							[t("agents.lastSeen"), <Time key="seen" at={agent.lastSeen} />],
							[t("agents.enrolled"), dateTime(agent.enrolled)],
							[t("agents.clock"), clockOf(agent.clockSkew)],
							[t("agents.version"), agent.version],
							[t("agents.backend"), agent.backend],
							[t("images.os"), agent.os],
							[t("fact.kernel"), agent.kernel],
							[t("audit.address"), agent.address],
							[t("agents.certificate"), agent.certificateExpires && dateTime(agent.certificateExpires)],
							[t("asset.labels"), labels.length > 0 && <Labels key="labels" labels={labels} />],
						]}
					/>
				</Panel>
			</div>
		</>
	);
}

export default function AgentPage({ params }: { params: Record<string, string | undefined> }) {
	const detail = useAnswer<AgentDetail>(`/agents/${encodeURIComponent(decodeURIComponent(params.id ?? ""))}`, undefined, { refetchMs: 10_000 });
	return (
		<div className="page">
			<Answered query={detail}>{(data) => <Body detail={data} />}</Answered>
		</div>
	);
}
