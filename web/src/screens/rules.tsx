import { Link } from "wouter";
import { useChange, useList } from "../api/queries.ts";
import type { Rule, RuleFile } from "../api/types.ts";
import { Filter, SearchFilter } from "../app/filter.tsx";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { Tabs, Time } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { PriorityMark } from "../kit/severity.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { number } from "../logic/format.ts";

export function useRuleSwitch() {
	return useChange<{ rule: Rule; enabled: boolean; priority?: Rule["priority"] }, Rule>(
		({ rule, enabled, priority }) => ({ method: "PUT", path: `/rules/${encodeURIComponent(rule.id)}`, body: { enabled, ...(priority ? { priority } : {}) } }),
		["/rules"],
		(_, { rule, enabled }) => toast(t(enabled ? "rules.nowOn" : "rules.nowOff", { name: pick(rule.name, rule.nameZh) })),
	);
}

function RuleTable() {
	const url = useUrl();
	const mayWrite = useMay("rules.write");
	const list = useList<Rule>("/rules", { q: url.one("q"), enabled: url.one("enabled"), tag: url.many("tag"), sort: url.sorting.by });
	const change = useRuleSwitch();
	const columns: Column<Rule>[] = [
		{
			key: "enabled",
			head: t("rules.enabled"),
			width: "44px",
			card: "box",
			cell: (rule) => (
				<input
					type="checkbox"
					role="switch"
					className="switch"
					tabIndex={-1}
					aria-label={t("rules.switch", { name: pick(rule.name, rule.nameZh) })}
					checked={rule.enabled}
					disabled={!mayWrite}
					onChange={(event) => change.mutate({ rule, enabled: event.target.checked }, { onError: toastError })}
				/>
			),
		},
		{ key: "priority", head: t("alerts.priority"), width: "112px", sort: "-priority", cell: (rule) => <PriorityMark priority={rule.priority} /> },
		{
			key: "name",
			head: t("alerts.rule"),
			width: "minmax(280px, 2.4fr)",
			card: "title",
			sort: "name",
			cell: (rule) => (
				<span className="two-lines">
					<Link href={`/rules/${encodeURIComponent(rule.id)}`} tabIndex={-1} className="link-strong clip">
						{pick(rule.name, rule.nameZh)}
					</Link>
					<span className="muted xs clip">{pick(rule.description, rule.descriptionZh)}</span>
				</span>
			),
		},
		{ key: "id", head: t("rules.id"), width: "96px", cell: (rule) => <span className="mono xs muted">{rule.id === rule.name ? "" : rule.id}</span> },
		{ key: "maturity", head: t("rules.maturity"), width: "92px", cell: (rule) => rule.maturity ? tValue("maturity", rule.maturity) : "" },
		{ key: "mitre", head: "ATT&CK", width: "84px", cell: (rule) => <span className="mono xs">{rule.mitre ?? ""}</span> },
		{ key: "alerts", head: t("rules.alerts24h"), width: "88px", end: true, sort: "-alerts", cell: (rule) => (rule.alerts24h ? number(rule.alerts24h) : "") },
	];
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("rules.search")} />
				<Filter
					name="enabled"
					label={t("rules.enabled")}
					options={[
						["", t("rules.all")],
						["true", t("rules.on")],
						["false", t("rules.off")],
					]}
				/>
			</div>
			<ListTable
				label={t("nav.rules")}
				list={list}
				columns={columns}
				sorting={url.sorting}
				rowKey={(rule) => rule.id}
				rowHeight={52}
				href={(rule) => `/rules/${encodeURIComponent(rule.id)}`}
				onKey={(event, rule) => {
					if (event.key !== "x" || !mayWrite) return;
					event.preventDefault();
					change.mutate({ rule, enabled: !rule.enabled }, { onError: toastError });
				}}
				empty={<Empty icon="rules" title={t("rules.none")} text={t("assets.noMatchText")} />}
			/>
		</>
	);
}

function FileTable() {
	const mayWrite = useMay("rules.write");
	const list = useList<RuleFile>("/rule-files");
	return (
		<ListTable
			label={t("rules.files")}
			list={list}
			rowKey={(file) => file.id}
			href={(file) => `/rules/files/${encodeURIComponent(file.id)}`}
			columns={[
				{
					key: "name",
					head: t("rules.fileName"),
					width: "minmax(200px, 2fr)",
					cell: (file) => (
						<Link href={`/rules/files/${encodeURIComponent(file.id)}`} tabIndex={-1} className="link-strong">
							{file.name}
						</Link>
					),
				},
				{ key: "enabled", head: t("rules.enabled"), width: "88px", cell: (file) => <span className={`badge tone-${file.enabled ? "good" : "neutral"}`}>{file.enabled ? t("rules.on") : t("rules.off")}</span> },
				{ key: "rules", head: t("nav.rules"), width: "72px", end: true, cell: (file) => number(file.rules) },
				{ key: "by", head: t("rules.updatedBy"), width: "minmax(100px, 1fr)", cell: (file) => file.updatedBy },
				{ key: "updated", head: t("rules.updated"), width: "110px", end: true, cell: (file) => <Time at={file.updated} /> },
			]}
			empty={
				<Empty icon="rules" title={t("rules.noFiles")} text={t("rules.noFilesText")}>
					{mayWrite && (
						<Link href="/rules/files/new" className="button primary">
							{t("rules.newFile")}
						</Link>
					)}
				</Empty>
			}
		/>
	);
}

export default function RulesPage() {
	const url = useUrl();
	const files = url.one("tab") === "files";
	const mayWrite = useMay("rules.write");
	return (
		<div className="page fixed">
			<PageHead title={t("nav.rules")}>
				<SavedViews />
				{mayWrite && (
					<Link href="/rules/files/new" className="button">
						{t("rules.newFile")}
					</Link>
				)}
			</PageHead>
			<Tabs
				label={t("nav.rules")}
				current={files ? "files" : "rules"}
				tabs={[
					{ key: "rules", text: t("rules.allRules"), href: "/rules" },
					{ key: "files", text: t("rules.files"), href: "/rules?tab=files" },
				]}
			/>
			{files ? <FileTable /> : <RuleTable />}
		</div>
	);
}
