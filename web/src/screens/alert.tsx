import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useHints } from "../api/live.ts";
import { queries, refresh, useAnswer, useChange } from "../api/queries.ts";
import type { Alert, AlertDetail, AlertState, Rule } from "../api/types.ts";
import { isPageKey } from "../app/page_keys.ts";
import { useRuleName } from "../app/rule_name.ts";
import { useMay } from "../app/session.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { Button, Facts, Notice, Panel, RawDocument, TextArea, Time } from "../kit/controls.tsx";
import { Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { PriorityMark, StateBadge } from "../kit/severity.tsx";
import { Answered } from "../kit/states.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { type AlertDoc, type Ancestor, readAlertDoc } from "../logic/alert_doc.ts";
import { dateTime, number } from "../logic/format.ts";
import { workloadOf } from "../logic/group.ts";
import "./alert.css";

/** From the oldest ancestor down to the process that did it. */
function ProcessTree({ lineage }: { lineage: Ancestor[] }) {
	const chain = [...lineage].reverse();
	return (
		<ol className="tree">
			{chain.map((process, index) => (
				<li key={index} className={index === chain.length - 1 ? "culprit" : undefined} style={{ paddingLeft: Math.min(index, 12) * 18 }}>
					<div className="tree-node">
						<Icon name="process" size={14} />
						<b>{process.name || process.exePath || "?"}</b>
						{process.pid !== null && <span className="muted xs num">pid {process.pid}</span>}
						{process.user && <span className="tag">{process.user}</span>}
						{index === chain.length - 1 && <span className="badge tone-critical">{t("alert.culprit")}</span>}
					</div>
					{process.cmdline && (
						<code className="tree-line" title={process.cmdline}>
							{process.cmdline}
						</code>
					)}
				</li>
			))}
		</ol>
	);
}

function Timeline({ detail }: { detail: AlertDetail }) {
	const { alert } = detail;
	const moments: { time: string; what: string; note?: string; mark: string }[] = [
		{ time: alert.first ?? alert.time, what: t("alert.first"), mark: "critical" },
		...(alert.count > 1 ? [{ time: alert.last ?? alert.time, what: t("alert.lastOf", { n: alert.count }), mark: "critical" }] : []),
		{ time: alert.received, what: t("alert.received"), mark: "neutral" },
		...detail.history.map((step) => ({
			time: step.time,
			what: t("alert.decided", { user: step.user, state: tValue("state", step.state) }),
			note: step.note,
			mark: "accent",
		})),
	];
	moments.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
	return (
		<ol className="timeline">
			{moments.map((moment, index) => (
				<li key={index} className={`tone-${moment.mark}`}>
					<span className="small">{moment.what}</span>
					<span className="muted xs num" title={dateTime(moment.time)}>
						{dateTime(moment.time)}
					</span>
					{moment.note && <p className="small wrap timeline-note">{moment.note}</p>}
				</li>
			))}
		</ol>
	);
}

function ContainerFacts({ doc, alert }: { doc: AlertDoc; alert: Alert }) {
	const powers = Object.entries(doc.powers).filter(([, held]) => held);
	if (doc.isHost) return <Facts facts={[[t("fact.host"), alert.host], [t("fact.where"), t("alert.onHost")]]} />;
	return (
		<div className="stack">
			<Facts
				facts={doc.container.map(([name, value]) => [
					tValue("fact", name),
					name === "id" ? (
						<Link key={name} href={`/assets/${encodeURIComponent(`container:${value}`)}`} className="mono xs">
							{value}
						</Link>
					) : (
						value
					),
				])}
			/>
			{powers.length > 0 && (
				<div className="row flow">
					{powers.map(([name]) => (
						<span key={name} className="badge tone-high">
							{tValue("power", name)}
						</span>
					))}
				</div>
			)}
			{doc.mounts.length > 0 && (
				<details>
					<summary className="small">{t("alert.mounts", { n: doc.mounts.length })}</summary>
					<ul className="small mono wrap">
						{doc.mounts.map((mount, index) => (
							<li key={index}>
								{mount.source} → {mount.dest} {mount.writable ? "rw" : "ro"}
							</li>
						))}
					</ul>
				</details>
			)}
		</div>
	);
}

const STATES: { state: AlertState; key: string }[] = [
	{ state: "acknowledged", key: "a" },
	{ state: "resolved", key: "r" },
	{ state: "false-positive", key: "f" },
	{ state: "open", key: "o" },
];

function TriagePanel({ alert }: { alert: Alert }) {
	const may = useMay("alerts.triage");
	const [note, setNote] = useState("");
	const change = useChange<AlertState, Alert>(
		(state) => ({ method: "PATCH", path: `/alerts/${alert.id}`, body: { state, note } }),
		["/alerts", "/overview"],
		(_, state) => {
			setNote("");
			toast(t("triage.done", { n: 1, state: tValue("state", state) }));
		},
	);
	const decide = (state: AlertState) => change.mutate(state, { onError: toastError });
	useEffect(() => {
		if (!may) return;
		const key = (event: KeyboardEvent) => {
			const wanted = isPageKey(event) && STATES.find((each) => each.key === event.key && each.state !== alert.state);
			if (wanted) decide(wanted.state);
		};
		document.addEventListener("keydown", key);
		return () => document.removeEventListener("keydown", key);
	});
	if (!may) return null;
	return (
		<Panel title={t("triage.panel")}>
			<div className="stack">
				<TextArea label={t("triage.note")} hint={t("triage.noteHint")} value={note} onChange={(event) => setNote(event.target.value)} />
				<div className="triage-buttons">
					{STATES.filter(({ state }) => state !== alert.state).map(({ state, key }) => (
						<Button key={state} onClick={() => decide(state)} disabled={change.isPending}>
							<span className="grow">{tValue("triage.do", state)}</span>
							<kbd>{key}</kbd>
						</Button>
					))}
				</div>
			</div>
		</Panel>
	);
}

function Advice({ alert }: { alert: Alert }) {
	const may = useMay("rules.read");
	const rule = useAnswer<Rule>(may ? `/rules/${encodeURIComponent(alert.ruleId ?? alert.rule)}` : null);
	if (!rule.data) return null;
	const advice = pick(rule.data.advice, rule.data.adviceZh);
	return (
		<Panel title={t("alert.advice")} aside={<Link href={`/rules/${encodeURIComponent(rule.data.id)}`}>{t("alert.showRule")}</Link>}>
			<div className="stack">
				<p className="small">{pick(rule.data.description, rule.data.descriptionZh)}</p>
				{advice && (
					<Notice tone="good" icon="check">
						{advice}
					</Notice>
				)}
			</div>
		</Panel>
	);
}

function Body({ detail }: { detail: AlertDetail }) {
	const { alert } = detail;
	const doc = readAlertDoc(detail.doc);
	const ruleName = useRuleName();
	return (
		<>
			<PageHead title={ruleName(alert.rule)} back={{ href: "/alerts", text: t("nav.alerts") }} before={<StateBadge state={alert.state} />}>
				<Link href={`/alerts?rule=${encodeURIComponent(alert.rule)}&span=24h`} className="button">
					{t("alert.similar", { n: detail.similar })}
				</Link>
			</PageHead>
			<div className="row flow alert-line">
				<PriorityMark priority={alert.priority} />
				{alert.ruleId && <span className="tag">{alert.ruleId}</span>}
				<span className="small">{workloadOf(alert)}</span>
				<span className="small muted">{alert.host}</span>
				<span className="small muted">
					<Time at={alert.last ?? alert.time} />
				</span>
				{alert.count > 1 && <span className="small">×{number(alert.count)}</span>}
			</div>
			<p className="alert-message wrap">{pick(alert.message, alert.messageZh)}</p>
			<div className="split">
				<div className="stack wide">
					<Panel title={t("alert.tree")}>{doc.lineage.length > 0 ? <ProcessTree lineage={doc.lineage} /> : <p className="small muted">{t("alert.noTree")}</p>}</Panel>
					<Panel title={t("alert.fields")} flush>
						<div className="body">
							{doc.fields.length > 0 ? (
								<dl className="facts mono-values">
									{doc.fields.flatMap(([name, value]) => [
										<dt key={name} className="mono">
											{name}
										</dt>,
										<dd key={`${name}=`}>{value === "" ? <span className="muted">{t("alert.unknown")}</span> : <code>{value}</code>}</dd>,
									])}
								</dl>
							) : (
								<p className="small muted">{t("alert.noFields")}</p>
							)}
						</div>
					</Panel>
					<RawDocument title={t("alert.raw")} doc={detail.doc} />
				</div>
				<div className="stack wide">
					<TriagePanel alert={alert} />
					<Advice alert={alert} />
					<Panel title={t("alert.container")}>
						<ContainerFacts doc={doc} alert={alert} />
					</Panel>
					<Panel title={t("alert.timeline")}>
						<Timeline detail={detail} />
					</Panel>
					{alert.tags.length > 0 && (
						<Panel title={t("alert.tags")}>
							<div className="row flow">
								{alert.tags.map((tag) => (
									<Link key={tag} href={`/alerts?tag=${encodeURIComponent(tag)}`} className="tag">
										{tag}
									</Link>
								))}
							</div>
						</Panel>
					)}
				</div>
			</div>
		</>
	);
}

export default function AlertPage({ params }: { params: Record<string, string | undefined> }) {
	const path = `/alerts/${params.id}`;
	const detail = useAnswer<AlertDetail>(path);
	useHints(["alerts"], () => refresh(queries, [path]), 3_000);
	return (
		<div className="page">
			<Answered query={detail}>{(data) => <Body detail={data} />}</Answered>
		</div>
	);
}
