import { useState } from "react";
import { useList } from "../api/queries.ts";
import type { AuditEntry } from "../api/types.ts";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { Facts, SearchInput, TextField } from "../kit/controls.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { dateTime, dayBegins } from "../logic/format.ts";

function isDone(result: string): boolean {
	return result === "done" || result === "ok" || /^2\d\d\b/.test(result);
}

function outcomeText(result: string): string {
	return isDone(result) ? t("audit.done") : tValue("outcome", result);
}

/** What was done, in words; as the API calls it where this console has no words for it. */
function actionText(entry: AuditEntry) {
	return pick(entry.words, entry.wordsZh) || <code>{entry.action}</code>;
}

function Result({ result }: { result: string }) {
	return <span className={`badge tone-${isDone(result) ? "good" : "high"}`}>{outcomeText(result)}</span>;
}

const COLUMNS = (): Column<AuditEntry>[] => [
	{ key: "time", head: t("alerts.when"), width: "212px", cell: (entry) => <span className="num">{dateTime(entry.time)}</span> },
	{ key: "user", head: t("audit.user"), width: "minmax(80px, 0.4fr)", cell: (entry) => entry.user || <span className="muted">{t("audit.nobody")}</span> },
	{ key: "how", head: t("audit.how"), width: "104px", cell: (entry) => tValue("how", entry.how) },
	{ key: "address", head: t("audit.address"), width: "minmax(100px, 0.4fr)", cell: (entry) => <span className="mono xs">{entry.address}</span> },
	{ key: "action", head: t("audit.action"), width: "minmax(200px, 1.3fr)", card: "title", cell: (entry) => <span className="link-strong">{actionText(entry)}</span> },
	{ key: "target", head: t("audit.target"), width: "minmax(100px, 1.2fr)", cell: (entry) => entry.target && <span title={entry.target}>{entry.target}</span> },
	{ key: "result", head: t("audit.result"), width: "minmax(196px, 0.4fr)", cell: (entry) => <Result result={entry.result} /> },
];

function EntryDialog({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
	return (
		<Dialog title={t("audit.entry", { id: entry.id })} onClose={onClose} wide>
			<Facts
				facts={[
					[t("alerts.when"), dateTime(entry.time)],
					[t("audit.user"), entry.user || t("audit.nobody")],
					[t("audit.how"), tValue("how", entry.how)],
					[t("audit.address"), entry.address],
					[t("audit.action"), actionText(entry)],
					[t("audit.route"), <code key="route">{entry.action}</code>],
					[t("audit.target"), entry.target],
					[t("audit.result"), outcomeText(entry.result)],
					[t("audit.hash"), <code key="hash">{entry.hash}</code>],
				]}
			/>
			{(entry.before != null || entry.after != null) && (
				<div className="halves">
					<div className="stack tight">
						<h3>{t("audit.before")}</h3>
						<pre className="pre" tabIndex={0}>
							{entry.before == null ? "–" : JSON.stringify(entry.before, null, 2)}
						</pre>
					</div>
					<div className="stack tight">
						<h3>{t("audit.after")}</h3>
						<pre className="pre" tabIndex={0}>
							{entry.after == null ? "–" : JSON.stringify(entry.after, null, 2)}
						</pre>
					</div>
				</div>
			)}
		</Dialog>
	);
}

export default function AuditPage() {
	const url = useUrl();
	const [open, setOpen] = useState<AuditEntry | null>(null);
	const since = url.one("since");
	const list = useList<AuditEntry>("/audit", { user: url.one("user"), action: url.one("action"), since: since ? dayBegins(since) : undefined });
	return (
		<div className="page fixed">
			<PageHead title={t("nav.audit")}>
				<SavedViews />
				<a className="button" href="/api/v1/audit/export" download="skep-audit.ndjson">
					<Icon name="download" />
					{t("audit.export")}
				</a>
			</PageHead>
			<p className="small muted">
				{t("audit.text")} <code>skep audit verify skep-audit.ndjson</code>
			</p>
			<div className="toolbar audit-tools">
				<SearchInput value={url.one("user")} onSearch={(user) => url.change({ user })} label={t("audit.byUser")} />
				<SearchInput value={url.one("action")} onSearch={(action) => url.change({ action })} label={t("audit.byAction")} />
				<TextField label={t("audit.since")} type="date" className="input compact" value={since} onChange={(event) => url.change({ since: event.target.value })} />
			</div>
			<ListTable
				label={t("nav.audit")}
				list={list}
				columns={COLUMNS()}
				rowKey={(entry) => entry.id}
				onOpen={setOpen}
				empty={<Empty icon="audit" title={t("audit.none")} text={t("audit.noneText")} />}
			/>
			{open && <EntryDialog entry={open} onClose={() => setOpen(null)} />}
		</div>
	);
}
