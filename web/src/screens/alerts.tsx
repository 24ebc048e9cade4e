import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import type { Query } from "../api/client.ts";
import { useHints } from "../api/live.ts";
import { refresh, trimPages, useAnswer, useChange, useList } from "../api/queries.ts";
import type { Alert, AlertState, Facets, Histogram as HistogramData, Priority } from "../api/types.ts";
import { isPageKey } from "../app/page_keys.ts";
import { useRuleName } from "../app/rule_name.ts";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { Histogram, TimeAxis } from "../kit/charts.tsx";
import { Button, Choice, SearchInput, Segmented, Time } from "../kit/controls.tsx";
import { Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { PriorityMark, Shape, StateBadge } from "../kit/severity.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { number, shortIds, shortNumber } from "../logic/format.ts";
import { workloadOf } from "../logic/group.ts";
import { PRIORITY_LOOK, inReadingOrder, soFar } from "../logic/severity.ts";
import { AlertGroupTable, GroupBy } from "./alert_groups.tsx";
import { STATE_KEYS, TriageDialog } from "./alert_triage.tsx";
import "./alerts.css";

const FIELDS = ["state", "priority", "rule", "host", "agent", "cluster", "namespace", "workload", "pod", "container", "image", "tag"] as const;
const SPANS: Record<string, number> = { "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000 };

/** The query of the API for what the address says. A span is counted from the whole minute, so that equal pages share an answer. */
function useFilter() {
	const url = useUrl();
	const text = url.params.toString();
	const [minute, setMinute] = useState(() => Math.floor(Date.now() / 60_000));
	useEffect(() => {
		const timer = setInterval(() => setMinute(Math.floor(Date.now() / 60_000)), 30_000);
		return () => clearInterval(timer);
	}, []);
	const query = useMemo(() => {
		const params = new URLSearchParams(text);
		const out: Query = { q: params.get("q") ?? undefined };
		for (const field of FIELDS) {
			const values = params.getAll(field);
			if (values.length) out[field] = values;
		}
		const span = SPANS[params.get("span") ?? ""];
		out.since = params.get("since") ?? (span ? new Date(minute * 60_000 - span * 1000).toISOString() : undefined);
		out.until = params.get("until") ?? undefined;
		return out;
	}, [text, minute]);
	return { ...url, query };
}

/** What the values of facets are called. */
function useFacetText(): (field: string, value: string) => string {
	const ruleName = useRuleName();
	return (field, value) => (field === "state" || field === "priority" ? tValue(field, value) : field === "rule" ? ruleName(value) : shortIds(value));
}

function FacetColumn({ facets, url }: { facets: Facets | undefined; url: ReturnType<typeof useUrl> }) {
	const facetText = useFacetText();
	const toggle = (field: string, value: string) => {
		const now = url.many(field);
		url.change({ [field]: now.includes(value) ? now.filter((each) => each !== value) : [...now, value] });
	};
	const shown = (facets?.facets ?? []).filter((facet) => facet.values.length > 0);
	return (
		<aside className="facets" aria-label={t("alerts.facets")}>
			{shown.map((facet) => {
				const chosen = url.many(facet.field);
				return (
					<fieldset key={facet.field} className="facet">
						<legend>{tValue("facet", facet.field)}</legend>
						{inReadingOrder(facet.field, facet.values.slice(0, 8)).map(({ value, count }) => (
							<label key={value} className="facet-value">
								<input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(facet.field, value)} />
								{facet.field === "priority" && (
									<span className={`tone-${PRIORITY_LOOK[value as Priority] ?? "unknown"} facet-shape`}>
										<Shape severity={PRIORITY_LOOK[value as Priority] ?? "unknown"} />
									</span>
								)}
								<span className="clip grow" title={value}>
									{facetText(facet.field, value)}
								</span>
								<span className="muted xs num">{shortNumber(count)}</span>
							</label>
						))}
					</fieldset>
				);
			})}
			{facets?.cut && <p className="xs muted">{t("alerts.cut", { n: facets.total })}</p>}
		</aside>
	);
}

function Chips({ url }: { url: ReturnType<typeof useUrl> }) {
	const facetText = useFacetText();
	const chips = FIELDS.flatMap((field) => url.many(field).map((value) => ({ field, value })));
	const since = url.one("since");
	if (chips.length === 0 && !since && !url.one("q")) return null;
	return (
		<div className="toolbar">
			{chips.map(({ field, value }) => (
				<button
					key={`${field}=${value}`}
					type="button"
					className="chip"
					onClick={() => url.change({ [field]: url.many(field).filter((each) => each !== value) })}
					aria-label={t("alerts.removeFilter", { what: `${tValue("facet", field)}: ${facetText(field, value)}` })}
				>
					<span className="muted">{tValue("facet", field)}</span>
					<span className="clip">{facetText(field, value)}</span>
					<Icon name="close" size={11} />
				</button>
			))}
			{since && (
				<button type="button" className="chip" onClick={() => url.change({ since: null, until: null })}>
					<span className="clip">{t("alerts.stretch")}</span>
					<Icon name="close" size={11} />
				</button>
			)}
			<Button look="plain" onClick={() => url.change({ ...Object.fromEntries(FIELDS.map((field) => [field, null])), q: null, since: null, until: null })}>
				{t("alerts.clear")}
			</Button>
		</div>
	);
}

/** @param onSelect chooses an alert; without it none is to be chosen */
function alertColumns(ruleName: (name: string) => string, selected: ReadonlySet<string>, onSelect?: (id: string) => void): Column<Alert>[] {
	return [
		...(onSelect
			? [
					{
						key: "select",
						head: "",
						width: "20px",
						card: "box" as const,
						cell: (alert: Alert) => (
							<input type="checkbox" tabIndex={-1} aria-label={t("alerts.select")} checked={selected.has(alert.id)} onChange={() => onSelect(alert.id)} />
						),
					},
				]
			: []),
		{ key: "priority", head: t("alerts.priority"), width: "104px", sort: "-priority", cell: (alert) => <PriorityMark priority={alert.priority} /> },
		{
			key: "what",
			head: t("alerts.what"),
			width: "minmax(240px, 2fr)",
			card: "title",
			cell: (alert) => (
				<div className="two-lines">
					<Link href={`/alerts/${alert.id}`} tabIndex={-1} className="link-strong clip">
						{ruleName(alert.rule)}
					</Link>
					<span className="muted xs clip">{pick(alert.message, alert.messageZh)}</span>
				</div>
			),
		},
		{
			key: "where",
			head: t("alerts.where"),
			width: "minmax(160px, 1.3fr)",
			cell: (alert) => (
				<div className="two-lines">
					<span className="clip">{workloadOf(alert)}</span>
					<span className="muted xs clip">{alert.image || alert.host}</span>
				</div>
			),
		},
		{ key: "count", head: t("alerts.times"), width: "48px", end: true, cell: (alert) => (alert.count > 1 ? `×${number(alert.count)}` : "") },
		{ key: "state", head: t("alerts.state"), width: "112px", cell: (alert) => <StateBadge state={alert.state} /> },
		{ key: "time", head: t("alerts.when"), width: "96px", end: true, sort: "time", cell: (alert) => <Time at={alert.last ?? alert.time} /> },
	];
}

export default function AlertsPage() {
	const filter = useFilter();
	const client = useQueryClient();
	const mayTriage = useMay("alerts.triage");
	const ruleName = useRuleName();
	const [paused, setPaused] = useState(false);
	const [away, setAway] = useState(false);
	const [missed, setMissed] = useState(0);
	const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
	const [facetsOpen, setFacetsOpen] = useState(false);
	const [deciding, setDeciding] = useState<{ ids: string[]; state: AlertState } | null>(null);
	const view = filter.one("view") === "groups" ? "groups" : "list";

	const list = useList<Alert>("/alerts", { ...filter.query, sort: filter.sorting.by }, view === "list");
	const facets = useAnswer<Facets>("/alerts/facets", filter.query);
	const histogram = useAnswer<HistogramData>("/alerts/histogram", { ...filter.query, buckets: 90 });

	// Rows never move under the reader: while paused or scrolled away from the newest, news are counted only.
	const still = paused || away || selected.size > 0;
	const update = () => {
		setMissed(0);
		for (const path of ["/alerts", "/alerts/groups"]) trimPages(client, path);
		refresh(client, ["/alerts"]);
	};
	useHints(["alerts"], () => (still ? setMissed((n) => n + 1) : update()));
	useEffect(() => {
		if (!still && missed) update();
	});

	const triage = useChange<{ ids: string[]; state: AlertState; note: string }, { changed: number }>(
		(body) => ({ method: "POST", path: "/alerts/triage", body }),
		["/alerts", "/overview"],
		({ changed }, { state }) => toast(t("triage.done", { n: changed, state: tValue("state", state) })),
	);
	const decide = (ids: string[], state: AlertState, note: string) => {
		triage.mutate({ ids, state, note }, { onError: toastError });
		setSelected(new Set());
		setDeciding(null);
	};
	const toggle = (id: string) =>
		setSelected((before) => {
			const next = new Set(before);
			if (!next.delete(id)) next.add(id);
			return next;
		});
	const keysOn = (idsOf: () => string[]) => (event: KeyboardEvent) => {
		if (event.key === "x") {
			event.preventDefault();
			for (const id of idsOf()) toggle(id);
			return;
		}
		const state = STATE_KEYS[event.key];
		if (!state || !mayTriage) return;
		event.preventDefault();
		decide(selected.size ? [...selected] : idsOf(), state, "");
	};
	useEffect(() => {
		const key = (event: globalThis.KeyboardEvent) => {
			if (event.key === "p" && isPageKey(event)) setPaused((now) => !now);
		};
		document.addEventListener("keydown", key);
		return () => document.removeEventListener("keydown", key);
	}, []);

	const filtered = filter.one("q") !== "" || FIELDS.some((field) => filter.many(field).length) || filter.one("since") !== "";
	const empty = filtered ? (
		<Empty icon="search" title={t("alerts.noMatch")} text={t("alerts.noMatchText")} />
	) : (
		<Empty icon="alerts" title={t("alerts.none")} text={t("alerts.noneText")}>
			<Link href="/agents" className="button">
				{t("nav.agents")}
			</Link>
		</Empty>
	);

	return (
		<div className="page fixed">
			<PageHead title={t("nav.alerts")}>
				{still && missed > 0 && (
					<Button
						icon="refresh"
						onClick={() => {
							setSelected(new Set());
							update();
						}}
					>
						{t("alerts.news")}
					</Button>
				)}
				<SavedViews />
				<Button icon={paused ? "play" : "pause"} aria-pressed={paused} onClick={() => setPaused(!paused)}>
					{paused ? t("alerts.resume") : t("alerts.pause")}
				</Button>
			</PageHead>
			<div className="toolbar">
				<SearchInput value={filter.one("q")} onSearch={(q) => filter.change({ q })} label={t("alerts.search")} />
				<Choice
					label={t("alerts.span")}
					value={filter.one("span") || "all"}
					options={[...Object.keys(SPANS).map((span) => [span, tValue("span", span)] as [string, string]), ["all", t("span.all")]]}
					onChange={(span) => filter.change({ span: span === "all" ? null : span, since: null, until: null })}
				/>
				<Segmented
					label={t("alerts.view")}
					value={view}
					options={[
						["list", t("alerts.asList")],
						["groups", t("alerts.asGroups")],
					]}
					onChange={(next) => {
						setSelected(new Set());
						filter.change({ view: next === "list" ? null : next, by: null, sort: null });
					}}
				/>
				{view === "groups" && <GroupBy filter={filter} />}
				<Button icon="settings" className="facets-button" aria-expanded={facetsOpen} onClick={() => setFacetsOpen(!facetsOpen)}>
					{t("alerts.facets")}
				</Button>
				{selected.size > 0 && (
					<div className="row push flow" role="group" aria-label={t("alerts.selected", { n: selected.size })}>
						<span className="small num">{t("alerts.selected", { n: selected.size })}</span>
						{(["acknowledged", "resolved", "false-positive"] as const).map((state) => (
							<Button key={state} onClick={() => setDeciding({ ids: [...selected], state })}>
								{tValue("triage.do", state)}
							</Button>
						))}
						<Button look="plain" onClick={() => setSelected(new Set())}>
							{t("common.cancel")}
						</Button>
					</div>
				)}
			</div>
			<Chips url={filter} />
			{histogram.data && histogram.data.buckets.length > 0 && (
				<div className="panel strip">
					<Histogram buckets={soFar(histogram.data.buckets)} height={48} label={t("alerts.overTime")} onPick={(since, until) => filter.change({ since, until: until ?? null, span: null })} />
					<TimeAxis from={histogram.data.from} to={new Date(Math.min(Date.parse(histogram.data.to), Date.now())).toISOString()} />
				</div>
			)}
			<div className={facetsOpen ? "alerts-body with-facets" : "alerts-body"}>
				<FacetColumn facets={facets.data} url={filter} />
				{view === "list" ? (
					<ListTable
						label={t("nav.alerts")}
						list={list}
						columns={alertColumns(ruleName, selected, mayTriage ? toggle : undefined)}
						sorting={filter.sorting}
						rowKey={(alert) => alert.id}
						rowHeight={52}
						href={(alert) => `/alerts/${alert.id}`}
						selected={selected}
						onKey={(event, alert) => keysOn(() => [alert.id])(event)}
						atTop={(top) => setAway(!top)}
						empty={empty}
						foot={mayTriage && <span className="push hints">{t("alerts.keys")}</span>}
					/>
				) : (
					<AlertGroupTable filter={filter} mayTriage={mayTriage} atTop={(top) => setAway(!top)} empty={empty} />
				)}
			</div>
			{deciding && <TriageDialog count={deciding.ids.length} state={deciding.state} onClose={() => setDeciding(null)} onSave={(note) => decide(deciding.ids, deciding.state, note)} />}
		</div>
	);
}
