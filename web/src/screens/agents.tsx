import { useState } from "react";
import { Link } from "wouter";
import { useChange, useList } from "../api/queries.ts";
import type { Agent, Enrolment } from "../api/types.ts";
import { Filter, SearchFilter } from "../app/filter.tsx";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Button, Notice, SelectField, TextField, Time } from "../kit/controls.tsx";
import { Dialog, DialogFoot, ShownOnce } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Empty, ErrorNotice } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { bytes, dateTime, duration, isOver, number, percent } from "../logic/format.ts";

const TONE: Record<string, string> = { healthy: "good", silent: "high", gone: "neutral", revoked: "critical" };

export function AgentState({ state }: { state: string }) {
	return <span className={`badge tone-${TONE[state] ?? "neutral"}`}>{tValue("agentState", state)}</span>;
}

/** "zone=a, team=shop" as the labels it means. */
export function parseLabels(text: string): Record<string, string> {
	const out: Record<string, string> = {};
	for (const part of text.split(",")) {
		const at = part.indexOf("=");
		if (at > 0) out[part.slice(0, at).trim()] = part.slice(at + 1).trim();
	}
	return out;
}

function EnrolDialog({ onClose }: { onClose: () => void }) {
	const [hours, setHours] = useState("1");
	const [uses, setUses] = useState("1");
	const [labels, setLabels] = useState("");
	const enrol = useChange<void, Enrolment>(
		() => ({
			method: "POST",
			path: "/agents/tokens",
			body: {
				expires: new Date(Date.now() + Number(hours) * 3_600_000).toISOString(),
				uses: Number(uses),
				labels: parseLabels(labels),
			},
		}),
		["/agents"],
	);
	return (
		<Dialog title={t("agents.enrol")} onClose={onClose}>
			{enrol.data ? (
				<ShownOnce text={t("enrol.run")} secret={enrol.data.command || enrol.data.token} copy={t("enrol.copy")} onClose={onClose}>
					<Notice icon="lock">{t("enrol.once", { n: enrol.data.uses, time: dateTime(enrol.data.expires) })}</Notice>
					<p className="small muted">{t("enrol.then")}</p>
				</ShownOnce>
			) : (
				<form
					className="stack"
					onSubmit={(event) => {
						event.preventDefault();
						enrol.mutate();
					}}
				>
					<p className="small muted">{t("enrol.text")}</p>
					<ErrorNotice error={enrol.error} />
					<SelectField
						label={t("enrol.expires")}
						value={hours}
						onChange={(event) => setHours(event.target.value)}
						options={[
							["1", t("enrol.hour")],
							["24", t("enrol.day")],
							["168", t("enrol.week")],
						]}
					/>
					<TextField label={t("enrol.uses")} type="number" min={1} max={100000} required value={uses} onChange={(event) => setUses(event.target.value)} />
					<TextField label={t("enrol.labels")} hint={t("enrol.labelsHint")} placeholder="zone=a, team=shop" value={labels} onChange={(event) => setLabels(event.target.value)} />
					<DialogFoot submit={t("enrol.make")} disabled={enrol.isPending} onClose={onClose} />
				</form>
			)}
		</Dialog>
	);
}

/** What is wrong with one that is heard of all the same. */
function Warnings({ agent }: { agent: Agent }) {
	const clock = agent.clockSkew ?? 0;
	const over = agent.state !== "revoked" && isOver(agent.certificateExpires);
	return (
		<>
			{agent.clockOff && (
				<b className="toned tone-high" title={t(clock < 0 ? "agents.clockBehind" : "agents.clockAhead", { s: duration(Math.round(Math.abs(clock))) })}>
					{t("agents.clockBad")} ·{" "}
				</b>
			)}
			{over && (
				<b className="toned tone-high" title={dateTime(agent.certificateExpires!)}>
					{t("agents.certificateOver")} ·{" "}
				</b>
			)}
		</>
	);
}

const COLUMNS = (): Column<Agent>[] => [
	{
		key: "name",
		head: t("agents.name"),
		width: "minmax(170px, 1.4fr)",
		sort: "-name",
		cell: (agent) => (
			<span className="two-lines">
				<Link href={`/agents/${encodeURIComponent(agent.id)}`} tabIndex={-1} className="link-strong clip">
					{agent.name || agent.id}
				</Link>
				<span className="muted xs clip">
					<Warnings agent={agent} />
					{[agent.os, agent.kernel].filter(Boolean).join(" · ")}
				</span>
			</span>
		),
	},
	{ key: "state", head: t("agents.state"), width: "92px", cell: (agent) => <AgentState state={agent.state} /> },
	{ key: "seen", head: t("agents.lastSeen"), width: "100px", sort: "lastSeen", cell: (agent) => <Time at={agent.lastSeen} /> },
	{ key: "version", head: t("agents.version"), width: "84px", sort: "version", cell: (agent) => agent.version },
	{ key: "backend", head: t("agents.backend"), width: "minmax(90px, 0.6fr)", cell: (agent) => agent.backend ?? "" },
	{ key: "containers", head: t("overview.containers"), width: "80px", end: true, cell: (agent) => (agent.containers != null ? number(agent.containers) : "") },
	{
		key: "losses",
		head: t("agents.losses"),
		width: "100px",
		end: true,
		sort: "-losses",
		cell: (agent) => (agent.losses ? <span className="severity tone-high">{number(agent.losses)}</span> : agent.losses === 0 ? "0" : ""),
	},
	{
		key: "alertsLost",
		head: t("agents.alertsLost"),
		width: "96px",
		end: true,
		sort: "-alertsLost",
		cell: (agent) => (agent.alertsLost ? <span className="severity tone-high">{number(agent.alertsLost)}</span> : "0"),
	},
	{ key: "memory", head: t("agents.memory"), width: "80px", end: true, sort: "-memory", cell: (agent) => (agent.memory != null ? bytes(agent.memory) : "") },
	{ key: "cpu", head: t("agents.cpu"), width: "100px", end: true, sort: "-cpu", cell: (agent) => (agent.cpu != null ? percent(agent.cpu / 100) : "") },
];

export default function AgentsPage() {
	const url = useUrl();
	const mayWrite = useMay("agents.write");
	const state = url.one("state");
	const list = useList<Agent>("/agents", { q: url.one("q"), state: state ? [state] : undefined, sort: url.sorting.by });
	const enrolling = url.one("enrol") === "1" && mayWrite;
	const enrol = mayWrite && (
		<Button look="primary" icon="plus" onClick={() => url.change({ enrol: "1" })}>
			{t("agents.enrol")}
		</Button>
	);
	return (
		<div className="page fixed">
			<PageHead title={t("nav.agents")}>{enrol}</PageHead>
			<div className="toolbar">
				<SearchFilter label={t("agents.search")} />
				<Filter
					name="state"
					label={t("agents.state")}
					options={[["", t("agents.anyState")], ...(["healthy", "silent", "gone", "revoked"] as const).map((each) => [each, tValue("agentState", each)] as [string, string])]}
				/>
			</div>
			<ListTable
				label={t("nav.agents")}
				list={list}
				columns={COLUMNS()}
				sorting={url.sorting}
				rowKey={(agent) => agent.id}
				rowHeight={52}
				href={(agent) => `/agents/${encodeURIComponent(agent.id)}`}
				empty={
					<Empty icon="agents" title={t("agents.none")} text={t("agents.noneText")}>
						{enrol}
					</Empty>
				}
			/>
			{enrolling && <EnrolDialog onClose={() => url.change({ enrol: null })} />}
		</div>
	);
}
