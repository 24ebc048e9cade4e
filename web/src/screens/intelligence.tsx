import { type FormEvent, type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useChange, useList } from "../api/queries.ts";
import type { Intelligence } from "../api/types.ts";
import { useRuleName } from "../app/rule_name.ts";
import { useMay } from "../app/session.tsx";
import { t, tValue } from "../i18n/index.ts";
import { Button, Facts, Field, Segmented, SelectField, TextArea, TextField, Time } from "../kit/controls.tsx";
import { Dialog, DialogFoot } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Empty, ErrorNotice } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast } from "../kit/toast.tsx";
import { date, dayEnds, dayOf, inDays, isOver, number } from "../logic/format.ts";

const KINDS = ["ip", "domain", "hash"];
/** What the console takes at most, in characters of the JSON of a request. */
const TEXT_MAX = 3_600_000;

interface Reading {
	name: string;
	kind: string;
	source: string;
	expires: string;
	from: "file" | "feed";
	text: string;
	url: string;
	minutes: string;
	authorization: string;
	ca: string;
}

function readingOf(list: Intelligence | null): Reading {
	return {
		name: list?.name ?? "",
		kind: list?.kind ?? "ip",
		source: list?.source ?? "",
		expires: list?.expires ? dayOf(list.expires) : "",
		from: list?.feed ? "feed" : "file",
		text: "",
		url: list?.feed?.url ?? "",
		minutes: String(list?.feed?.minutes ?? 60),
		authorization: list?.feed?.authorization ?? "",
		ca: list?.feed?.ca ?? "",
	};
}

/** What the API is to read: a text, or the address it fetches by itself. */
function contentOf(reading: Reading): object {
	if (reading.from === "file") return { text: reading.text };
	const { url, minutes, authorization, ca } = reading;
	return { feed: { url, minutes: Number(minutes), ...(authorization && { authorization }), ...(ca && { ca }) } };
}

/** feodo-ipblocklist.txt as a list's name: feodo-ipblocklist */
function nameOf(file: string): string {
	return file
		.replace(/\.[a-z0-9]+$/i, "")
		.replace(/[^a-z0-9_-]+/gi, "-")
		.slice(0, 48);
}

/** A file of the reader's, or text in the field. */
function FileField({ onFile }: { onFile: (name: string, text: string) => void }) {
	const [error, setError] = useState("");
	return (
		<Field label={t("intel.file")} hint={error || t("intel.fileHint")}>
			{(props) => (
				<input
					{...props}
					type="file"
					className="input file"
					accept=".txt,.csv,.json,.list,.stix,text/plain,application/json"
					onChange={async (event) => {
						const file = event.target.files?.[0];
						if (!file) return;
						const tooLarge = file.size > TEXT_MAX;
						setError(tooLarge ? t("intel.tooLarge") : "");
						if (!tooLarge) onFile(file.name, await file.text());
					}}
				/>
			)}
		</Field>
	);
}

type Change = (patch: Partial<Reading>) => void;

function FileFields({ reading, change }: { reading: Reading; change: Change }) {
	return (
		<>
			<FileField onFile={(name, text) => change({ text, name: reading.name || nameOf(name), source: reading.source || name })} />
			<TextArea label={t("intel.text")} hint={t("intel.textHint")} required rows={6} className="input mono" spellCheck={false} value={reading.text} onChange={(event) => change({ text: event.target.value })} />
		</>
	);
}

function FeedFields({ reading, change }: { reading: Reading; change: Change }) {
	return (
		<>
			<TextField label={t("intel.url")} hint={t("intel.urlHint")} type="url" required pattern="https://.+" value={reading.url} onChange={(event) => change({ url: event.target.value })} />
			<div className="pair">
				<TextField label={t("intel.minutes")} type="number" min={5} max={10080} required value={reading.minutes} onChange={(event) => change({ minutes: event.target.value })} />
				<TextField label={t("intel.authorization")} hint={t("intel.authorizationHint")} autoComplete="off" value={reading.authorization} onChange={(event) => change({ authorization: event.target.value })} />
			</div>
			<TextArea label={t("intel.ca")} hint={t("intel.caHint")} className="input mono" spellCheck={false} value={reading.ca} onChange={(event) => change({ ca: event.target.value })} />
		</>
	);
}

function ReadDialog({ list, onClose }: { list: Intelligence | null; onClose: () => void }) {
	const [reading, setReading] = useState(readingOf(list));
	const change: Change = (patch) => setReading((before) => ({ ...before, ...patch }));
	const read = useChange<void, Intelligence>(
		() => {
			const { name, kind, source, expires } = reading;
			const body = { source, expires: expires ? dayEnds(expires) : null, ...contentOf(reading) };
			return list ? { method: "PUT", path: `/intelligence/${list.id}`, body } : { method: "POST", path: "/intelligence", body: { ...body, name, kind } };
		},
		["/intelligence", "/rules"],
		(made) => {
			if (reading.from === "feed") toast(t("intel.feedKept", { name: made.name }));
			else toast(t("intel.read", { name: made.name, n: made.entries }) + (made.notUnderstood ? ` ${t("intel.notUnderstood", { n: made.notUnderstood })}` : ""));
			onClose();
		},
	);
	const submit = (event: FormEvent) => {
		event.preventDefault();
		read.mutate();
	};
	return (
		<Dialog title={list ? t("intel.readAnew", { name: list.name }) : t("intel.add")} onClose={onClose}>
			<form className="stack" onSubmit={submit}>
				<ErrorNotice error={read.error} />
				<div>
					<Segmented
						label={t("intel.from")}
						value={reading.from}
						options={[
							["file", t("intel.fromFile")],
							["feed", t("intel.fromFeed")],
						]}
						onChange={(from) => change({ from })}
					/>
				</div>
				{reading.from === "file" ? <FileFields reading={reading} change={change} /> : <FeedFields reading={reading} change={change} />}
				{!list && (
					<div className="pair">
						<TextField label={t("intel.name")} hint={t("intel.nameHint", { name: `intel_${reading.name || "NAME"}` })} required maxLength={48} pattern="[A-Za-z0-9_\-]+" value={reading.name} onChange={(event) => change({ name: event.target.value })} />
						<SelectField label={t("intel.kind")} value={reading.kind} onChange={(event) => change({ kind: event.target.value })} options={KINDS.map((kind) => [kind, tValue("intelKind", kind)])} />
					</div>
				)}
				<div className="pair">
					<TextField label={t("intel.source")} value={reading.source} maxLength={512} onChange={(event) => change({ source: event.target.value })} />
					<TextField label={t("intel.expires")} hint={t("intel.expiresHint")} type="date" min={inDays(1)} value={reading.expires} onChange={(event) => change({ expires: event.target.value })} />
				</div>
				<DialogFoot submit={reading.from === "file" ? t("intel.submit") : t("common.save")} disabled={read.isPending || (reading.from === "file" && !reading.text.trim())} onClose={onClose} />
			</form>
		</Dialog>
	);
}

/** What reading left out: none of it is passed over in silence. */
function Gaps({ list }: { list: Intelligence }) {
	const parts = [
		list.notUnderstood ? t("intel.gapAt", { n: list.notUnderstood, at: list.firstNotUnderstood }) : "",
		list.others ? t("intel.others", { n: list.others }) : "",
		list.over ? t("intel.over", { n: list.over }) : "",
	].filter(Boolean);
	return <>{parts.length ? parts.join(" · ") : t("intel.noGaps")}</>;
}

function End({ list }: { list: Intelligence }) {
	if (list.ended || isOver(list.expires)) return <span className="badge tone-high">{t("intel.ended")}</span>;
	if (list.expires) return <span className="num">{date(list.expires)}</span>;
	if (list.firstEnds) return <span className="num muted">{t("intel.firstEnds", { date: date(list.firstEnds) })}</span>;
	return <span className="muted">{t("common.noEnd")}</span>;
}

function RuleLinks({ list }: { list: Intelligence }) {
	const rules = list.rules ?? [];
	const ruleName = useRuleName();
	if (rules.length === 0) return <>{t("intel.noRules")}</>;
	return (
		<ul className="stack tight">
			{rules.map((rule) => (
				<li key={rule}>
					<Link href={`/rules/${encodeURIComponent(rule)}`}>{ruleName(rule)}</Link>
				</li>
			))}
		</ul>
	);
}

function feedFacts({ feed }: Intelligence): [string, ReactNode][] {
	if (!feed) return [];
	return [
		[t("intel.url"), feed.url],
		[t("intel.every"), t("intel.everyMinutes", { n: feed.minutes })],
		[t("intel.fetched"), <Time key="fetched" at={feed.fetched} />],
		[t("intel.next"), feed.next ? <Time key="next" at={feed.next} /> : t("time.now")],
		[t("intel.feedError"), feed.error && <span className="severity tone-high">{feed.error}</span>],
	];
}

function DetailDialog({ list, onRead, onClose }: { list: Intelligence; onRead: () => void; onClose: () => void }) {
	const may = useMay("rules.write");
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/intelligence/${list.id}` }),
		["/intelligence", "/rules"],
		() => {
			toast(t("intel.removed", { name: list.name }));
			onClose();
		},
	);
	const fetchNow = useChange<void, void>(
		() => ({ method: "POST", path: `/intelligence/${list.id}/fetch` }),
		["/intelligence"],
		() => toast(t("intel.fetching", { name: list.name })),
	);
	const failed = remove.error ?? fetchNow.error;
	return (
		<Dialog title={list.name} onClose={onClose}>
			<ErrorNotice error={failed} />
			<Facts
				facts={[
					[t("intel.inRules"), <code key="name">{`intel_${list.name}`}</code>],
					[t("intel.kind"), tValue("intelKind", list.kind)],
					[t("intel.source"), list.source],
					[t("intel.entries"), number(list.entries)],
					[t("intel.gaps"), <Gaps key="gaps" list={list} />],
					[t("intel.usedBy"), <RuleLinks key="rules" list={list} />],
					[t("intel.updated"), <Time key="at" at={list.updated} />],
					[t("rules.updatedBy"), list.updatedBy],
					[t("intel.expires"), <End key="end" list={list} />],
					...feedFacts(list),
				]}
			/>
			<div className="dialog-foot">
				{may && (
					<>
						<Button look="danger" disabled={remove.isPending} onClick={() => confirm(t("intel.removeAsk", { name: list.name })) && remove.mutate()}>
							{t("common.remove")}
						</Button>
						{list.feed && (
							<Button icon="refresh" disabled={fetchNow.isPending} onClick={() => fetchNow.mutate()}>
								{t("intel.fetchNow")}
							</Button>
						)}
						<Button icon="upload" onClick={onRead}>
							{t("intel.readAgain")}
						</Button>
					</>
				)}
				<Button look="primary" onClick={onClose}>
					{t("common.close")}
				</Button>
			</div>
		</Dialog>
	);
}

const columnsOf = (ruleName: (name: string) => string): Column<Intelligence>[] => [
	{
		key: "name",
		head: t("intel.list"),
		width: "minmax(180px, 1.4fr)",
		cell: (list) => (
			<span className="two-lines">
				<span className="row">
					<span className="link-strong clip">{list.name}</span>
					{list.feed?.error && (
						<span className="badge tone-high" title={list.feed.error}>
							{t("intel.feedFails")}
						</span>
					)}
				</span>
				<span className="muted xs clip">{list.source || list.feed?.url}</span>
			</span>
		),
	},
	{ key: "kind", head: t("intel.kind"), width: "128px", cell: (list) => tValue("intelKind", list.kind) },
	{ key: "entries", head: t("intel.entries"), width: "80px", end: true, cell: (list) => number(list.entries) },
	{
		key: "gaps",
		head: t("intel.gaps"),
		width: "minmax(140px, 1fr)",
		cell: (list) => (list.notUnderstood ? <span className="badge tone-medium">{t("intel.notUnderstood", { n: list.notUnderstood })}</span> : <span className="muted"><Gaps list={list} /></span>),
	},
	{ key: "rules", head: t("intel.usedBy"), width: "minmax(140px, 1.2fr)", cell: (list) => <span className={list.rules?.length ? undefined : "muted"}>{list.rules?.length ? list.rules.map(ruleName).join(" · ") : t("intel.noRules")}</span> },
	{ key: "end", head: t("intel.expires"), width: "minmax(112px, 0.8fr)", cell: (list) => <End list={list} /> },
	{ key: "updated", head: t("intel.updated"), width: "104px", end: true, cell: (list) => <Time at={list.updated} /> },
];

export default function IntelligencePage() {
	const may = useMay("rules.write");
	const list = useList<Intelligence>("/intelligence");
	const ruleName = useRuleName();
	const [shown, setShown] = useState<string | null>(null);
	const [reading, setReading] = useState<Intelligence | "new" | null>(null);
	const current = list.rows.find((each) => each.id === shown);
	const add = may && (
		<Button look="primary" icon="upload" onClick={() => setReading("new")}>
			{t("intel.add")}
		</Button>
	);
	return (
		<div className="page fixed">
			<PageHead title={t("nav.intelligence")}>{add}</PageHead>
			<p className="small muted">{t("intel.explained")}</p>
			<ListTable
				label={t("nav.intelligence")}
				list={list}
				columns={columnsOf(ruleName)}
				rowKey={(each) => each.id}
				rowHeight={52}
				onOpen={(each) => setShown(each.id)}
				empty={
					<Empty icon="intelligence" title={t("intel.none")} text={t("intel.noneText")}>
						{add}
					</Empty>
				}
			/>
			{current && !reading && <DetailDialog list={current} onRead={() => setReading(current)} onClose={() => setShown(null)} />}
			{reading && <ReadDialog list={reading === "new" ? null : reading} onClose={() => setReading(null)} />}
		</div>
	);
}
